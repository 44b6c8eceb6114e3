import { fileURLToPath } from "node:url";
import { parseReportOptions } from "./options.ts";
import { createWebAssets } from "../../web/build/assets.ts";
import { createAnalyst } from "../threads/analyst.ts";
import { createAnalystSync } from "../threads/analyst_sync.ts";
import { readable } from "../threads/leaderboard_json.ts";
import { StudyId } from "../../protocol/ids.ts";
import { Leaderboard } from "../../protocol/leaderboard.ts";
import type { Report } from "../../protocol/leaderboard.ts";
import { reportHtml, reportOf } from "../service/report.ts";
import { openStorage } from "../storage/open_storage.ts";
import { isServer } from "../storage/server_address.ts";
import { StorageError } from "../storage/storage.ts";
import { defaultPolicy, defaultTerms } from "../lease/policy.ts";
import { createViews } from "../service/reads.ts";

/**
 * The `report` command: writes a study's report from a coordinator's database,
 * or from a leaderboard's JSON, as one HTML file. Nothing imports this file.
 */

const webFolder = fileURLToPath(new URL("../../.cache/web", import.meta.url));

/** What went wrong, in a line for the user. */
class ReportError extends Error {
  override readonly name = "ReportError";
}

async function fromJson(path: string): Promise<Report> {
  const parsed = Leaderboard.safeParse(JSON.parse(await readText(path)));
  if (parsed.success) {
    return reportOf(parsed.data, null, Date.now(), Deno.version.deno);
  }
  const [issue] = parsed.error.issues;
  throw new ReportError(
    `${path} is no leaderboard of this release: ${issue?.path.join(".")}: ` +
      `${issue?.message}; fetch it anew from its coordinator`,
  );
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new ReportError(
      `the file cannot be read: ${path}: ` +
        (error instanceof Error ? error.message : String(error)),
    );
  }
}

async function fromDatabase(db: string, study: string): Promise<Report> {
  // Opening a file that is not there would make it.
  if (!isServer(db) && !await Deno.stat(db).then(() => true, () => false)) {
    throw new ReportError(`there is no database: ${db}; name one with --db`);
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
      throw new ReportError(
        `${db} has no study ${study}; it has ` +
          (studies.map(({ id }) => id).join(", ") || "none"),
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
    throw new ReportError(
      `the report cannot be written: ${path}: ` +
        `${error instanceof Error ? error.message : error}; ` +
        "name another file with --out",
    );
  }
}

if (import.meta.main) {
  try {
    const { db, study, json, out } = parseReportOptions(Deno.args);
    const report = json === undefined
      ? await fromDatabase(db, study)
      : await fromJson(json);
    const { id } = report.leaderboard.study;
    const path = out ?? `${id}.html`;
    const { report: template } = await createWebAssets(webFolder);
    const size = await write(path, reportHtml(template, report));
    console.log(`report of study ${id}: ${path}, ${Math.ceil(size / 1000)} kB`);
  } catch (error) {
    if (error instanceof SyntaxError) {
      console.error(`error: the file is no JSON: ${error.message}`);
    } else if (error instanceof ReportError || error instanceof StorageError) {
      console.error(`error: ${error.message}`);
    } else throw error;
    Deno.exit(1);
  }
}
