/** The part of jstat that we use; the package brings no types. */
interface Distribution {
  cdf(x: number, degreesOfFreedom: number): number;
  inv(p: number, degreesOfFreedom: number): number;
}
declare const jStat: { readonly studentt: Distribution };
export default jStat;
