/** A study that cannot be run; the message is one line for its writer. */
export class InvalidStudy extends Error {
  /** Tells this error from others. */
  override name = "InvalidStudy";
}
