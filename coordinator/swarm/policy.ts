/** The numbers that the lease machine decides by. */
export interface Policy {
  /**
   * Different workers on which a trial fails before it is quarantined. A
   * failure is what a worker says or shows while alive: "failed here", or a
   * result that its checks refuse.
   */
  readonly failedWorkers: number;
  /**
   * Different workers that failed or fell silent before the trial is
   * quarantined. Silence is mostly a closed tab or an empty battery and says
   * nothing of the trial, so a few never count; but a trial that kills each
   * tab it meets is known by nothing else, and has to end too.
   */
  readonly silentWorkers: number;
  /** Failures after which a trial is no longer lent to the same worker. */
  readonly failuresPerWorker: number;
  /**
   * Lengths of its lease that an attempt may take for each epoch, on the
   * average, before it counts as stuck. A lease is three measured epochs long
   * or more; so this means none but what hangs or hoards.
   */
  readonly leasesPerEpoch: number;
  /** Attempts that may run at once on one trial; 1: no straggler's backup. */
  readonly runningAttempts: number;
  /** Milliseconds that a backup has to save, for all that can be told. */
  readonly backupSaves: number;
  /** Milliseconds for which one look at the running trials is good enough. */
  readonly backupLook: number;
}

/** What a coordinator decides by unless told otherwise. */
export const defaultPolicy: Policy = {
  failedWorkers: 3,
  silentWorkers: 10,
  failuresPerWorker: 3,
  leasesPerEpoch: 20,
  runningAttempts: 2,
  backupSaves: 10_000,
  backupLook: 1_000,
};
