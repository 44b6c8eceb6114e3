import { join } from "node:path";
import { fileURLToPath } from "node:url";
import absolutePath from "swagger-ui-dist/absolute-path.js";
import { fileAt, type ServedBytes } from "./files.ts";

/** A page to read the OpenAPI document, of Swagger UI's own files. */

/** Where the page's files lie on the server. */
export const API_PAGE_FILES = "/api/page";

export const apiPage = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API of the dropout swarm</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${API_PAGE_FILES}/swagger-ui.css">
<link rel="stylesheet" href="${API_PAGE_FILES}/style.css">
</head>
<body>
<header class="frame"><a href="/">dropout-swarm</a></header>
<main id="api"></main>
<script src="${API_PAGE_FILES}/swagger-ui-bundle.js"></script>
<script src="${API_PAGE_FILES}/start.js"></script>
</body>
</html>
`;

const own = fileURLToPath(new URL("./api_page/", import.meta.url));
const packaged: string = absolutePath();

/** Each file that the page loads, by its name there. */
const folders = new Map([
  ["swagger-ui.css", packaged],
  ["swagger-ui-bundle.js", packaged],
  ["style.css", own],
  ["start.js", own],
]);

/** A file that the page loads; null: there is no such file. */
export async function apiPageFile(name: string): Promise<ServedBytes | null> {
  const folder = folders.get(name);
  return folder === undefined ? null : await fileAt(join(folder, name));
}
