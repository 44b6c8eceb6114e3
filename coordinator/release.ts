/** The release that this code belongs to: the `version` of `deno.json`. */
export const RELEASE = "0.1.0";
