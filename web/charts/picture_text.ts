/** Where the words of a picture go: lines and rows. */

/** A line of the legend. */
export interface LegendEntry {
  readonly label: string;
  /** The class that gives the chart's line its colour and dashes. */
  readonly className: string;
}

/** Breaks a text into lines; Chinese breaks anywhere, English at spaces. */
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

/** The legend's entries by row, each with its place in the row. */
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
