import { join } from "node:path";
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
</head>
<body>
<main id="api"></main>
<script src="${API_PAGE_FILES}/swagger-ui-bundle.js"></script>
<script src="${API_PAGE_FILES}/start.js"></script>
</body>
</html>
`;

// Without a validator, which would send the document to a third party, and
// without "try it out": reading is what the page is for.
const start = `SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  validatorUrl: null,
  supportedSubmitMethods: [],
});
`;

const packaged = new Set(["swagger-ui.css", "swagger-ui-bundle.js"]);

/** A file that the page loads; null: there is no such file. */
export async function apiPageFile(name: string): Promise<ServedBytes | null> {
  if (name === "start.js") {
    const bytes = new TextEncoder().encode(start);
    return {
      bytes: bytes.length,
      etag: `"start-1"`,
      open: () => Promise.resolve(new Blob([bytes]).stream()),
    };
  }
  const folder: string = absolutePath();
  return packaged.has(name) ? await fileAt(join(folder, name)) : null;
}
