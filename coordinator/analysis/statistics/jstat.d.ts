/** The part of jstat that we use; the package brings no types. */
interface Distribution {
  cdf(x: number, degreesOfFreedom: number): number;
  inv(p: number, degreesOfFreedom: number): number;
}
declare const jStat: {
  readonly studentt: Distribution;
  readonly normal: { inv(p: number, mean: number, std: number): number };
  /** Lower regularized incomplete gamma function. */
  lowRegGamma(a: number, x: number): number;
};
export default jStat;
