/** The absolute address of what the page's head names `asset:…`. */
export function assetAddress(name: string): string {
  const meta = document.querySelector<HTMLMetaElement>(
    `meta[name="asset:${name}"]`,
  );
  if (meta === null) throw new Error(`the page names no asset: ${name}`);
  return new URL(meta.content, location.origin).href;
}
