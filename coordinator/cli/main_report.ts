import { fileURLToPath } from "node:url";
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
  databaseFile,
  type Output,
  outputFile,
  whyUnread,
} from "../storage/files.ts";
import { describeDatabase, openStorage } from "../storage/open_storage.ts";
import { isServer } from "../storage/server_address.ts";
import { defaultPolicy, defaultTerms } from "../lease/policy.ts";
import { createViews } from "../service/reads.ts";
import { userPath } from "./user_path.ts";

/**
 * The `report` command: writes a study's report from a coordinator's database,
 * or from a leaderboard's JSON, as one HTML file. Nothing imports this file.
 */

const webFolder = fileURLToPath(new URL("../../.cache/web", import.meta.url));

async function fromJson(path: string): Promise<Report> {
  const parsed = Leaderboard.safeParse(parseJson(path, await readText(path)));
  if (parsed.success) {
    return reportOf(parsed.data, null, Date.now(), Deno.version.deno);
  }
  const [issue] = parsed.error.issues;
  throw new CommandError(
    cleanText(
      `${path} is no leaderboard of this release: ${issue?.path.join(".")}: ` +
        `${issue?.message}; fetch it anew from its coordinator`,
    ),
  );
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CommandError(
      cleanText(
        `the file is no JSON: ${path}: ` +
          `${error instanceof Error ? error.message : error}; give a ` +
          "leaderboard's JSON, or a database with --db",
      ),
    );
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new CommandError(
      `the file cannot be read: ${path}: ` +
        `${whyUnread(path, error)}; name another with --json`,
    );
  }
}

async function fromDatabase(db: string, study: string): Promise<Report> {
  // Opening a file that is not there would make it.
  if (!isServer(db)) {
    const { kind, path } = databaseFile(db);
    if (kind === "free") {
      throw new CommandError(
        `there is no database: ${path}; name one with --db`,
      );
    }
  }
  const id = StudyId.safeParse(study);
  const { storage } = await openStorage(db);
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
        `${error instanceof Error ? error.message : error}; ` +
        "name another file with --out",
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
