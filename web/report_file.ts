import { createHash } from "node:crypto";

/**
 * The template of a report: one file with its script and styles in it, which
 * opens from a disk and asks for nothing. Its own policy allows that script and
 * those styles by their hashes, and no request at all. The coordinator puts the
 * data in (`coordinator/report.ts`).
 */
export function reportTemplate(
  files: {
    readonly script: string;
    readonly style: string;
    readonly icon: string;
  },
): string {
  const script = inScript(files.script);
  const style = files.style.replaceAll("</", "<\\/");
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const icon = `data:image/svg+xml,${encodeURIComponent(files.icon)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>dropout-swarm</title>
<link rel="icon" type="image/svg+xml" href="${icon}">
<style>${style}</style>
</head>
<body>
<div id="app">
<noscript>
<main class="noscript">
<h1>dropout-swarm</h1>
<p>This report needs JavaScript. Its data stand in this file as JSON.</p>
<p lang="zh-CN">本报告需要 JavaScript。数据以 JSON 形式存于此文件中。</p>
</main>
</noscript>
</div>
<script type="application/json" id="report"></script>
<script type="module">${script}</script>
</body>
</html>
`;
}

/** Code as it may stand in an element: nothing in it looks like a tag's end. */
function inScript(code: string): string {
  return code.trim().replaceAll(/<(?=\/script|!--)/gi, "\\x3c");
}

function hashOf(content: string): string {
  const hash = createHash("sha256").update(content).digest("base64");
  return `'sha256-${hash}'`;
}
