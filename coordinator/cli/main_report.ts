import { fileURLToPath } from "node:url";
import { systemReason } from "../../protocol/error_text.ts";
import { parseReportOptions } from "./options.ts";
import { CommandError, runForUser } from "./terminal/command_text.ts";
import { createWebAssets } from "../../web/build/assets.ts";
import { createAnalyst } from "../threads/analyst.ts";
import { createAnalystSync } from "../threads/analyst_sync.ts";
import { readable } from "../threads/leaderboard_json.ts";
import { StudyId } from "../../protocol/ids.ts";
import { Leaderboard } from "../../protocol/leaderboard.ts";
import type { Report } from "../../protocol/leaderboard.ts";
import { cleanText } from "../../protocol/text.ts";
import { reportHtml, reportOf } from "../service/report.ts";
import {
  existingDatabase,
  type Output,
  outputFile,
  readUserText,
  UnreadFile,
  type Words,
} from "../storage/files.ts";
import { describeDatabase, openStorage } from "../storage/open_storage.ts";
import { isServer } from "../storage/server_address.ts";
import { StorageError } from "../storage/storage.ts";
import { defaultPolicy, defaultTerms } from "../lease/policy.ts";
import { createViews } from "../service/reads.ts";
import { JsonMistake, parseJson } from "../study/json_text.ts";
import { issuesText } from "../study/parse.ts";
import { userPath } from "./user_path.ts";

/**
 * The `report` command: writes a study's report from a coordinator's database,
 * or from a leaderboard's JSON, as one HTML file. Nothing imports this file.
 */

const webFolder = fileURLToPath(new URL("../../.cache/web", import.meta.url));

async function fromJson(path: string): Promise<Report> {
  let json: unknown;
  try {
    json = parseJson(await readUserText(path));
  } catch (error) {
    if (!(error instanceof UnreadFile || error instanceof JsonMistake)) {
      throw error;
    }
    throw new CommandError(cleanText(
      `cannot read ${path}: ${error.message}; name a leaderboard's JSON with ` +
        "--json, or a database with --db",
    ));
  }
  const parsed = Leaderboard.safeParse(json);
  if (parsed.success) {
    return reportOf(parsed.data, null, Date.now(), Deno.version.deno);
  }
  throw new CommandError(cleanText(
    `${path} is no leaderboard of this release, or not whole ` +
      `(${issuesText(parsed.error.issues, json)}); fetch it anew from its ` +
      "coordinator",
  ));
}

const words: Words = {
  cannot: "cannot read the database",
  instead: "name another file with --db",
};

async function fromDatabase(db: string, study: string): Promise<Report> {
  if (!isServer(db)) existingDatabase(db, words);
  const id = StudyId.safeParse(study);
  const { storage } = await openStorage(db, { words, readsOnly: true }).catch(
    (error) => {
      if (!(error instanceof StorageError) || error.code !== "in-use") {
        throw error;
      }
      throw new CommandError(
        `${error.message}; or take the report from the coordinator's page`,
      );
    },
  );
  try {
    const views = createViews({
      storage,
      terms: defaultTerms,
      policy: defaultPolicy,
      now: Date.now,
      study: () => null,
    });
    const report = id.success
      ? await createAnalystSync(views, createAnalyst()).ask(
        id.data,
        async (analyst, { definition, revision }) => {
          const throughput = await views.throughput(id.data);
          const leaderboard = readable(
            await analyst.leaderboard(id.data, throughput, revision),
          ).content();
          const backends = await analyst.backends(id.data);
          return reportOf(
            leaderboard,
            { definition, backends },
            Date.now(),
            Deno.version.deno,
          );
        },
      )
      : null;
    if (report === null) {
      const { studies } = await views.studies();
      throw new CommandError(
        `${describeDatabase(db)} has no study ${study}; it has ` +
          (studies.map(({ id }) => id).join(", ") || "none") +
          "; name one with --study",
      );
    }
    return report;
  } finally {
    await storage.close();
  }
}

/** @returns the file's size in bytes */
async function write(path: string, html: string): Promise<number> {
  try {
    await Deno.writeTextFile(path, html);
    return (await Deno.stat(path)).size;
  } catch (error) {
    throw new CommandError(
      `the report cannot be written: ${path}: ` +
        `${systemReason(error)}; name another file with --out`,
    );
  }
}

if (import.meta.main) {
  await runForUser(async () => {
    const { db, study, json, out } = parseReportOptions(Deno.args);
    const output: Output = {
      cannot: "cannot write the report",
      instead: "choose another file with --out",
      inputs: json === undefined
        ? []
        : [{ path: json, is: "the leaderboard that is read" }],
      replaces: "files",
    };
    // Asked now, so that nobody waits in vain, and again before it is written.
    if (out !== undefined) outputFile(out, output);
    const report = json === undefined
      ? await fromDatabase(db, study)
      : await fromJson(json);
    const { id } = report.leaderboard.study;
    const path = outputFile(out ?? userPath(`${id}.html`), output);
    const { report: template } = await createWebAssets(webFolder);
    const size = await write(path, reportHtml(template, report));
    return `report of study ${id}: ${path}, ${Math.ceil(size / 1000)} kB`;
  });
}
