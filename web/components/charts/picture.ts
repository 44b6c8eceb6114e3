/**
 * Charts as files. A picture does not depend on its page: it contains all
 * styles of the page's style sheets, and its title, legend and source.
 */

const SVG = "http://www.w3.org/2000/svg";

/** The texts around a chart in its file. */
export interface PictureText {
  readonly title: string;
  /** How to read the chart, in one or two sentences. */
  readonly subtitle?: string;
  /** Where the figures come from. */
  readonly source: string;
  /** What the colours mean, if the chart itself does not say it. */
  readonly legend?: readonly LegendEntry[];
}

/** A chart as SVG text, with its size in CSS pixels. */
export interface Picture {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
}

/** Properties that style sheets set and the file must contain. */
const properties = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-linecap",
  "stroke-linejoin",
  "opacity",
  "font-size",
  "font-weight",
  "text-anchor",
  "shape-rendering",
] as const;

/** Their values without any style sheet. */
const initial: Readonly<Record<string, string>> = {
  "fill": "rgb(0, 0, 0)",
  "fill-opacity": "1",
  "stroke": "none",
  "stroke-width": "1px",
  "stroke-dasharray": "none",
  "stroke-linecap": "butt",
  "stroke-linejoin": "miter",
  "opacity": "1",
  "font-weight": "400",
  "text-anchor": "start",
  "shape-rendering": "auto",
};

/** Attributes without meaning outside the page. */
const forThePage = [
  "class",
  "role",
  "tabindex",
  "aria-hidden",
  "aria-label",
  "aria-pressed",
] as const;

const space = {
  edge: 20,
  title: 22,
  subtitle: 18,
  legend: 20,
  source: 26,
} as const;

const leastWidth = 420;

/**
 * Makes a picture of a chart. It is built inside `host`, an invisible element
 * of the same document, so that the document's style sheets apply to it.
 */
export function pictureOf(
  chart: SVGSVGElement,
  { title, subtitle = "", source, legend = [] }: PictureText,
  host: Element,
): Picture {
  const { width: chartWidth, height: chartHeight } = sizeOf(chart);
  const width = Math.max(leastWidth, Math.ceil(chartWidth) + 2 * space.edge);
  const inner = width - 2 * space.edge;
  const measure = textMeasure();
  const titles = wrapText(title, inner, (text) => measure(text, 600, 16));
  const said = wrapText(subtitle, inner, (text) => measure(text, 400, 13));
  const sources = wrapText(source, inner, (text) => measure(text, 400, 11));
  const entries = legendRows(legend, inner, (text) => measure(text, 400, 12));

  const root = element("svg", { class: "picture" });
  const background = element("rect", { class: "picture-paper" });
  root.append(background);
  let y = space.edge;
  for (const line of titles) {
    y += space.title;
    root.append(text("picture-title", space.edge, y - 6, line));
  }
  for (const line of said) {
    y += space.subtitle;
    root.append(text("picture-subtitle", space.edge, y - 6, line));
  }
  y += 8;
  const group = element("g", {
    transform: `translate(${(width - chartWidth) / 2} ${y})`,
  });
  for (const child of chart.childNodes) group.append(child.cloneNode(true));
  // The view box may differ from the size on the page.
  const scale = scaleOf(chart, chartWidth);
  if (scale !== 1) {
    const scaled = element("g", { transform: `scale(${scale})` });
    scaled.append(...group.childNodes);
    group.append(scaled);
  }
  // Style rules may depend on the element around the chart.
  const around = element("g", {
    class: chart.parentElement?.getAttribute("class") ?? "",
  });
  around.append(group);
  root.append(around);
  y += chartHeight;
  for (const row of entries) {
    y += space.legend;
    for (const { label, className, x } of row) {
      const entry = element("g", { class: className });
      entry.append(
        element("path", {
          class: "line",
          d: `M${space.edge + x} ${y - 4}h26`,
        }),
        text("picture-legend", space.edge + x + 34, y, label),
      );
      root.append(entry);
    }
  }
  y += space.source - 16;
  for (const line of sources) {
    y += 16;
    root.append(text("picture-source", space.edge, y, line));
  }
  const height = Math.ceil(y + space.edge - 4);
  const size = { width: `${width}`, height: `${height}` };
  setAll(background, { ...size, x: "0", y: "0" });
  setAll(root, {
    ...size,
    viewBox: `0 0 ${width} ${height}`,
    xmlns: SVG,
    "font-family": "sans-serif",
  });
  host.append(root);
  try {
    for (const target of root.querySelectorAll(".target")) target.remove();
    inlineStyles(root);
  } finally {
    root.remove();
  }
  root.setAttribute("role", "img");
  const name = element("title", {});
  name.textContent = title;
  root.prepend(name);
  return { svg: new XMLSerializer().serializeToString(root), width, height };
}

/** Draws a picture as PNG with two pixels for each CSS pixel. */
export async function pngOf(
  { svg, width, height }: Picture,
  scale = 2,
): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  if (context === null) {
    throw new Error("this browser cannot draw on a canvas; save as SVG");
  }
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return await new Promise((resolve, reject) =>
    canvas.toBlob(
      (blob) =>
        blob === null
          ? reject(new Error("this browser cannot write PNG; save as SVG"))
          : resolve(blob),
      "image/png",
    )
  );
}

/** Downloads a file to the visitor's device. */
export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser needs the URL until it has begun to read the file.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function sizeOf(chart: SVGSVGElement) {
  const { width, height } = chart.getBoundingClientRect();
  const box = chart.viewBox.baseVal;
  // A chart outside the page has no size there.
  return width > 0
    ? { width, height }
    : { width: box.width, height: box.height };
}

function scaleOf(chart: SVGSVGElement, width: number): number {
  const box = chart.viewBox.baseVal;
  return box.width > 0 ? width / box.width : 1;
}

function element<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string>>,
): SVGElementTagNameMap[K] {
  const made = document.createElementNS(SVG, name);
  setAll(made, attributes);
  return made;
}

function setAll(
  target: Element,
  attributes: Readonly<Record<string, string>>,
): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== "") target.setAttribute(name, value);
  }
}

function text(className: string, x: number, y: number, content: string) {
  const made = element("text", { class: className, x: `${x}`, y: `${y}` });
  made.textContent = content;
  return made;
}

/** Writes computed styles as attributes and removes the page's attributes. */
function inlineStyles(root: SVGSVGElement): void {
  const all = [root, ...root.querySelectorAll<SVGElement>("*")];
  const styles = new Map(all.map((one) => [one, stylesOf(one)]));
  for (const [one, own] of styles) {
    const { parentElement } = one;
    const inherited = parentElement instanceof SVGElement
      ? styles.get(parentElement) ?? initial
      : initial;
    for (const name of properties) {
      const value = own[name] ?? "";
      // All of these properties except opacity are inherited.
      const without = name === "opacity" ? "1" : inherited[name];
      if (value !== "" && value !== without) one.setAttribute(name, value);
    }
    for (const name of forThePage) one.removeAttribute(name);
  }
}

function stylesOf(one: SVGElement): Readonly<Record<string, string>> {
  const style = getComputedStyle(one);
  return Object.fromEntries(
    properties.map((name) => [name, style.getPropertyValue(name)]),
  );
}

/** One entry of the legend. */
export interface LegendEntry {
  readonly label: string;
  /** The class that sets the colour and dashes of the chart's line. */
  readonly className: string;
}

/** Breaks a text into lines: Chinese anywhere, English at spaces. */
export function wrapText(
  text: string,
  width: number,
  measure: (text: string) => number,
): string[] {
  const lines: string[] = [];
  let line = "";
  for (
    const word of text.match(/\p{Script=Han}|[^\s\p{Script=Han}]+\s*|\s+/gu) ??
      []
  ) {
    if (line !== "" && measure((line + word).trimEnd()) > width) {
      lines.push(line.trimEnd());
      line = "";
    }
    line += word;
  }
  if (line.trim() !== "") lines.push(line.trimEnd());
  return lines;
}

/** The legend's entries by row, each with its horizontal position. */
export function legendRows(
  legend: readonly LegendEntry[],
  width: number,
  measure: (text: string) => number,
) {
  const rows: (LegendEntry & { readonly x: number })[][] = [];
  let x = Infinity;
  for (const entry of legend) {
    const takes = 34 + measure(entry.label) + 22;
    if (x + takes > width) {
      rows.push([]);
      x = 0;
    }
    rows.at(-1)?.push({ ...entry, x });
    x += takes;
  }
  return rows;
}

/** Measures texts in the generic font, in CSS pixels. */
export function textMeasure() {
  const context = document.createElement("canvas").getContext("2d");
  return (text: string, weight: number, size: number): number => {
    if (context === null) return text.length * size * 0.6;
    context.font = `${weight} ${size}px sans-serif`;
    return context.measureText(text).width;
  };
}
