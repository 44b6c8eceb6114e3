/** Words of the report that stands alone, in both languages. */

const en = {
  title: (study: string) => `${study} · Report`,
  kind: "Report of a study",
  broken: "This file holds no report that it can read",
  unfinished: (done: string, total: string) =>
    `${done} of ${total} trials are in: every verdict is provisional.`,
  made: {
    heading: "How this was made",
    on: "Made on",
    software: "Software",
    versions: (version: string, deno: string, protocol: string) =>
      `dropout-swarm ${version}, Deno ${deno}, swarm protocol ${protocol}`,
    data: "Data",
    counts: (points: string, trials: string, revision: string) =>
      `${points} grid points, ${trials} trials, revision ${revision}`,
    trained: "Trained with",
    backend: (name: string, trials: string, time: string) =>
      `${name}: ${trials} trials, ${time} in all`,
    notKnown: "not recorded in the data at hand",
    commands: "To run it again, in a clone of the repository",
    seed: (seed: string) =>
      `The study's seed is ${seed}: weights, batches and masks are the same on any device.`,
  },
  embedded: {
    heading: "The data",
    note: "All figures stand in this file. Nothing was fetched to show them.",
    save: "Save as JSON",
    definition: "Save the study's definition",
  },
};

export type ReportWords = typeof en;

const zh: ReportWords = {
  title: (study) => `${study} · 报告`,
  kind: "研究报告",
  broken: "此文件中没有可读的报告",
  unfinished: (done, total) =>
    `${total} 次试验已完成 ${done} 次：所有结论均为暂定。`,
  made: {
    heading: "本报告如何得来",
    on: "生成时间",
    software: "软件",
    versions: (version, deno, protocol) =>
      `dropout-swarm ${version}，Deno ${deno}，协议版本 ${protocol}`,
    data: "数据",
    counts: (points, trials, revision) =>
      `${points} 个网格点，${trials} 次试验，修订 ${revision}`,
    trained: "训练所用",
    backend: (name, trials, time) => `${name}：${trials} 次试验，共 ${time}`,
    notKnown: "现有数据中没有记录",
    commands: "在仓库的克隆中重新运行",
    seed: (seed) =>
      `研究的种子为 ${seed}：权重、批次与掩码在任何设备上都相同。`,
  },
  embedded: {
    heading: "数据",
    note: "全部数字都在此文件中，显示时不需要下载任何内容。",
    save: "保存为 JSON",
    definition: "保存研究定义",
  },
};

export const reportWords = { en, zh };
