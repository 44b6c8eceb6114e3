import { byMetric } from "../../protocol/metrics.ts";
import type * as en from "./en.ts";

/** 各页面的全部中文文本，分组与 `en.ts` 相同。 */

export const language: typeof en.language = {
  name: "中文",
  tag: "zh-CN",
  duration: {
    units: { day: "天", hour: "小时", minute: "分钟", second: "秒" },
    gap: "",
    space: "",
  },
};

export const common: typeof en.common = {
  product: "dropout-swarm",
  skipToContent: "跳到正文",
  pages: "页面",
  leaderboard: "排行榜",
  lesson: "课程",
  workers: "工作节点",
  join: "加入",
  api: "API",
  language: "语言",
  licence: "MIT 许可证",
  reload: "重新加载页面",
  retry: "重试",
  copy: "复制",
  copied: "已复制",
  pager: {
    page: (page, pages) => `第 ${page} 页，共 ${pages} 页`,
    previous: "上一页",
    next: "下一页",
  },
  connection: {
    connecting: "正在连接…",
    live: "实时",
    polling: "每隔几秒更新",
    offline: "连接中断",
  },
  offlineNotice: "协调器没有应答。这里显示的是最后收到的状态，页面会继续重试。",
  outdatedNotice: "协调器使用的协议版本比本页面新。请重新加载页面后继续。",
};

export const noScript: typeof en.noScript = {
  page: "本页面需要 JavaScript。同样的数据也可以通过 API 获取：",
  report: "本报告需要 JavaScript。数据以 JSON 形式存于此文件中。",
};

const per = (on: string) => on === "" ? "" : `按${on}，`;

export const answers: typeof en.answers = {
  heading: "答案",
  none: "还没有试验完成，答案将出现在这里。",
  provisional: "全部试验完成之前，以下均为暂定：",
  settled: "已定论：",
  open: "未定论：",
  then: "；",
  stop: "。",
  metrics: {
    trainLoss: "训练损失",
    trainLossDropoutOff: "关闭暂退后的训练损失",
    testLoss: "测试损失",
    testAccuracy: "测试准确率",
  },
  topics: {
    high: {
      "supported": () => "暂退概率过高会使训练损失居高不下",
      "contradicted": () =>
        "概率高并不会使训练损失居高不下：概率升高，损失反而下降",
      "not-enough-evidence": () =>
        "暂退概率过高是否使训练损失居高不下，尚无定论",
    },
    lowest: {
      "supported": (on) => `${per(on)}概率最低时训练效果最好`,
      "contradicted": (on) => `${per(on)}概率最低时训练效果并非最好`,
      "not-enough-evidence": () => "概率最低时训练效果是否最好，尚无定论",
    },
    swap: {
      "supported": (on) => `交换两层概率对${on}没有值得在意的影响`,
      "contradicted": (on) => `两层概率的顺序有影响：交换会改变${on}`,
      "not-enough-evidence": () => "交换两层概率有没有影响，尚无定论",
    },
    order: {
      "supported": (on) => `${per(on)}较低的概率应放在靠近输入的一层`,
      "contradicted": (on) => `${per(on)}较高的概率应放在靠近输入的一层`,
      "not-enough-evidence": () => "哪个概率应靠近输入，尚无定论",
    },
  },
  others: {
    "supported": (on) => `按${on}则成立`,
    "contradicted": (on) => `按${on}则不成立`,
    "not-enough-evidence": (on) => `按${on}尚无定论`,
  },
  unchanged: (on) => `对${on}没有值得在意的影响`,
};

export const leaderboard: typeof en.leaderboard = {
  title: (study) => `${study} · 排行榜`,
  loading: "正在获取排行榜…",
  noStudy: "这个协调器还没有研究。",
  failed: "无法获取排行榜",
  study: "研究",
  activeStudy: (id) => `${id}（正在进行）`,
  recipe: (dataset, fields, replicates) =>
    `${dataset}，${fields}，每点重复 ${replicates} 次`,
  summary: "一段话总结",
  strip: {
    heading: "进度",
    done: "已完成试验",
    ofTotal: (total) => `共 ${total}`,
    left: "剩余",
    running: (count) => `${count} 个进行中`,
    quarantined: (count) => `${count} 个已搁置`,
    comma: "，",
    timeLeft: "剩余时间",
    finished: "已完成",
    workers: "在线工作节点",
    rate: "每分钟试验数",
    matrix: (done, running, total) =>
      `${total} 个试验中已完成 ${done} 个，${running} 个进行中`,
    matrixKey: {
      done: "已完成",
      running: "进行中",
      queued: "待进行",
      quarantined: "已搁置",
    },
    standstill: {
      "not-active":
        "现在没有人训练这项研究：协调器正在分发另一项研究，或者没有分发任何研究。",
      "no-workers":
        "现在没有人在训练：没有工作节点在线。只要有一个加入，研究就会继续。",
      "all-failed":
        "这里没有人能继续：每个工作节点在剩下的每个试验上都失败了太多次。这项研究需要另一台机器。",
    },
  },
  invite: {
    heading: "用一台设备参加",
    here: "浏览器标签页即可为研究训练试验，无需安装，也无需账号。",
    withPhone:
      "浏览器标签页即可为研究训练试验，无需安装，也无需账号。使用手机时请扫码。",
    join: "用这台设备加入",
    qr: (link) => `${link} 的二维码`,
  },
  verdicts: {
    heading: "数据说明了什么",
    none: "本研究没有要检验的论断。",
    names: {
      "supported": "成立",
      "contradicted": "不成立",
      "not-enough-evidence": "证据不足",
    },
    provisional: "暂定",
    provisionalNote: "计划中的部分重复尚未完成，结论可能改变。",
    lead: (metric) => `${metric}的领先`,
    rise: (metric) => `${metric}的上升`,
    differenceIn: (metric) => `${metric}的差异`,
    interval: "95% 区间",
    margin: "有意义的差异",
    replicates: "重复次数",
    adjustedP: "校正后 p 值",
    noInterval: "无区间",
    details: "证据与数字",
    comparisons: "比较了什么",
    comparison: "网格点",
    difference: "差异",
    pDifference: "p（无差异）",
    pEquivalence: "p（等效）",
    mean: (points) => `${points} 的均值`,
    others: (count) => `另有 ${count} 个`,
    less: "减",
    diverged: "发散",
    plot: (estimate, interval, margin) =>
      `效应 ${estimate}，95% 区间 ${interval}，有意义的差异 ${margin}`,
    changed: (claim, verdict) => `${claim}：现为${verdict}`,
  },
  curves: {
    heading: "学习曲线",
    metric: "按轮次显示的指标",
    epoch: "轮次",
    chosen: "显示的网格点",
    band: "色带：均值上下各一个标准差（按各次重复计算）",
    choose: "请在热图或表格中选择网格点。",
    noneYet: "这些点还没有结果。",
    remove: (point) => `隐藏 ${point}`,
    asTable: "以表格显示曲线",
    chart: (metric, points) => `${points} 的${metric}随轮次的变化`,
    fromTo: (metric, first, last) =>
      `${metric}随轮次的变化，从 ${first} 到 ${last}`,
    title: (metric) => `${metric}随轮次的变化`,
    waiting: "尚无结果",
    bands: "色带",
    bandNames: { sd: "±1 标准差", ci: "95% 区间", none: "无" },
    interval: "色带：各次重复均值的 95% 区间",
    axes: "笔记的坐标轴",
    axesNote:
      "每个点一幅图，三个指标画在 0.3 到 0.9 的同一坐标轴上，与课程笔记相同。超出范围的部分会被截去，这也与课程笔记相同。",
    seedChart: (point) =>
      `${point} 的训练损失、训练准确率与测试准确率随轮次的变化，采用课程笔记的坐标轴`,
  },
  heatmap: {
    heading: "所有暂退概率组合",
    none: "本研究没有网格点。",
    metric: "指标",
    every: "所有网格点",
    down: "行",
    across: "列",
    held:
      "每个单元格是一个网格点。热图只显示取这里所选值的网格点，不做任何平均；无论怎么选，颜色的标尺都相同。",
    caption: (metric, down, across) => `${metric}随${down}与${across}的变化`,
    hint: "选择一个单元格即可显示其曲线；方向键可在单元格之间移动。",
    low: "低",
    high: "高",
    states: {
      running: "进行中",
      queued: "待进行",
      failed: "发散或已搁置",
      none: "无此数值",
      absent: "不在研究中",
    },
    cell: (point, value) => `${point}:${value}`,
  },
  axisChart: {
    heading: (axis) => `随${axis}的变化`,
    title: (metric, axis) => `${metric}随${axis}的变化`,
    chart: (title, count) =>
      `${title}：${count} 个取值的均值、95% 区间与各次重复`,
    between: (low, high) => `95% 区间 ${low} 到 ${high}`,
    replicates: (count) => `${count} 次重复`,
    key: "大圆点是均值，线段是均值的 95% 区间，小圆点是各次重复。",
    spread: {
      logarithmic: "取值按对数刻度排列。",
      even: "取值等距排列，不按比例。",
    },
    choose: "选择一个取值即可显示其曲线；方向键可在取值之间移动。",
    comma: "，",
    withUnit: (axis, unit) => `${axis}（${unit}）`,
    asTable: "图中数据表",
    mean: "均值",
    interval: "95% 区间",
    count: "重复次数",
    each: "各次重复",
  },
  swaps: {
    heading: "交换两层概率",
    note:
      "每幅小图把一对概率与前后互换的那一对作比较。每条细线是一次重复：两端从相同的权重开始，并使用相同的批次。左端均值周围的色带表示有意义的差异。",
    metric: "指标",
    chart: (metric, pairs) =>
      `${pairs} 对交换点的${metric}：均值、95% 区间与每次重复`,
    pair: "交换点",
    of: (lower, higher) => `${lower} 与 ${higher}`,
    lowerFirst: "低概率在前",
    higherFirst: "高概率在前",
    difference: "差异",
    interval: "95% 区间",
    pDifference: "校正后 p（无差异）",
    pEquivalence: "校正后 p（等效）",
    verdict: "结论",
    verdicts: { different: "有差异", equivalent: "等效", open: "未定" },
    diverged: "发散",
    caption: (metric, margin) =>
      `低概率在前减高概率在前，按${metric}。“等效”表示已证明差异小于 ${margin}。p 值已按交换对的数量做 Holm 校正。`,
    more: (count) => `另有 ${count} 对差异较小，见 JSON。`,
    none: "本研究没有概率互换的两个点。",
    noneYet: "还没有两端都有结果的交换点。",
  },
  save: {
    label: (chart) => `保存图表：${chart}`,
    as: (format, chart) => `保存为 ${format}：${chart}`,
    source: (study, revision, points, runs) =>
      `研究 ${study}，修订 ${revision}：${points} 个网格点，${runs} 次试验。由 dropout-swarm 生成。`,
    failed: "无法生成图片",
  },
  table: {
    heading: "网格点",
    caption: (count, metric) =>
      `${count} 个网格点在各次重复上的均值与 95% 区间，按${metric}排序`,
    show: "曲线",
    showPoint: (point) => `显示 ${point} 的曲线`,
    replicates: "重复",
    replicatesNote: "已接受的结果数与计划数",
    ofPlanned: (done, planned) => `${done} / ${planned}`,
    checks: "d2l 检查",
    checksNote:
      "训练结束时通过 d2l 三项检查的结果数：训练损失低于 0.5，两个准确率都高于 0.7",
    interval: (metric) => `${metric}的区间`,
    best: "最优？",
    bestNote: (metric) => `该点在${metric}上为所有点中最优的概率`,
    isBest: (probability) => `最优，${probability}`,
    isBestNote: "该点为所有点中最优的概率不低于 95%",
    byEpoch: "随轮次",
    noInterval: "无区间",
    noIntervalNote: "至少两次重复才有区间",
    noFigure: "–",
    running: (count) => `${count} 个进行中`,
    diverged: (count) => `${count} 个发散`,
    divergedNote: "损失变为无穷大或非数值：网络在该点学不会",
    quarantined: (count) => `${count} 个已搁置`,
    quarantinedNote: "因太多工作节点在此失败或失去联系而搁置",
    sortBy: (column) => `按${column}排序`,
    held: "指针停在某一行时，顺序保持不变。",
    pages: "表格分页",
    epochNow: (epoch, of) => `第 ${epoch} / ${of} 轮`,
    lowerIsBetter: "越低越好",
    higherIsBetter: "越高越好",
  },
  remarks: {
    heading: "逐条核对课程笔记",
    note:
      "本研究源自一份学生笔记，笔记中每个点只训练一次。下表把它的每句话与测得的数字作比较。",
    says: "笔记的说法",
    measured: "我们的测量",
    agreement: "是否一致",
    all: (count) => `全部 ${count} 条`,
    count: (name, count) => `${name}：${count}`,
    names: { agrees: "一致", disagrees: "不一致", open: "未定" },
  },
  exports: {
    heading: "下载数据",
    csv: "CSV",
    json: "JSON",
    report: "报告（HTML，可离线打开）",
    api: "API 文档",
  },
  metrics: /* @__PURE__ */ byMetric((_, { label, short, note }) => ({
    name: label.zh,
    short: short.zh,
    note: note.zh,
  })),
};

export const join: typeof en.join = {
  title: "加入 · dropout-swarm",
  heading: "把这台设备借给研究",
  lead:
    "本页面把一个浏览器标签页变成工作节点。它用不同的设置多次训练一个小型神经网络，并报告每次训练的效果。",
  study: (title) => `研究：${title}`,
  noStudy: "协调器目前没有进行中的研究。",
  consent: {
    heading: "开始之前",
    does: "它会做什么",
    doesText: (threads, cores) =>
      `它使用这台设备 ${cores} 个核心中的 ${threads} 个进行训练，直到你暂停、停止或关闭标签页。期间设备会变热，耗电会增加。`,
    doesTextUnknown: (threads) =>
      `它用 ${threads} 个线程进行训练，直到你暂停、停止或关闭标签页。期间设备会变热，耗电会增加。`,
    downloads: "它会下载什么",
    downloadsText: (data) =>
      `它只下载一次训练图像（${data}），并保存在这个浏览器里，下次无需再下载。此外还会下载约 0.5 MB 的程序代码。`,
    downloadsUnknown:
      "它只下载一次训练图像，并保存在这个浏览器里，下次无需再下载。此外还会下载约 0.5 MB 的程序代码。",
    leaves: "哪些信息会离开设备",
    leavesText: (weights) =>
      `对每个试验，设备会发送各项数字（损失、准确率、用时），以及供协调器核对这些数字的训练好的网络（${weights}）。设备还会发送所用后端及其速度、浏览器和操作系统的名称，以及你填写的昵称。除此之外不发送任何内容：没有文件，没有位置，没有 Cookie。`,
    leavesTextUnknown:
      "对每个试验，设备会发送各项数字（损失、准确率、用时），以及供协调器核对这些数字的训练好的网络。设备还会发送所用后端及其速度、浏览器和操作系统的名称，以及你填写的昵称。除此之外不发送任何内容：没有文件，没有位置，没有 Cookie。",
    stays: "离开",
    staysText: "你可以随时关闭标签页。这台设备正在训练的试验会由其他设备接手。",
  },
  saveData: (data) =>
    `你的浏览器要求网站节省流量。点击“开始”仍会下载 ${data}。`,
  saveDataUnknown: "你的浏览器要求网站节省流量。点击“开始”仍会下载训练图像。",
  start: "开始",
  again: "重新开始",
  pause: "暂停",
  resume: "继续",
  stop: "停止",
  retry: "重试",
  settings: {
    heading: "设置",
    threads: "线程",
    threadsNote: (cores) =>
      `每个线程训练一个试验。这台设备有 ${cores} 个核心，请给自己留一个。`,
    threadsNoteUnknown: "每个线程训练一个试验。",
    fewer: "减少线程",
    more: "增加线程",
    backend: "后端",
    backendNote: "自动模式会测量这台设备上的各个后端，并选用最快的一个。",
    auto: "自动",
    name: "昵称",
    namePlaceholder: "由系统取一个",
    nameNote: "显示在公开的工作节点列表中。可不填。",
    keepAwake: "训练时保持屏幕常亮",
    keepAwakeAbsent: "这个浏览器不允许网页保持屏幕常亮。",
    spareBattery: "电量低于 20% 时暂停",
    locked: "暂停或停止后才能更改线程、后端和昵称。",
  },
  state: {
    heading: "状态",
    joining: "正在加入…",
    downloading: "正在获取训练图像",
    downloaded: (received, total) => `${received} / ${total}`,
    measuring: "正在测量这台设备的速度…",
    training: (count) => `正在训练 ${count} 个试验`,
    waiting: "目前无事可做",
    paused: "已暂停。试验由其他设备接手。",
    pausedBattery: "因电量不足而暂停。设备充电后会自动继续训练。",
    pausedBatteryNote: "点击“继续”即可照常训练。",
    stopped: "已停止。谢谢！",
    complete: "研究已完成。谢谢！",
    failed: "无法继续训练",
    loadFailed: "无法获取程序",
    as: (name) => `以 ${name} 的名义参加`,
  },
  notRegistered: "协调器没有应答。本页面会再次尝试参加。",
  connectionLost:
    "协调器没有应答。训练会继续，结果先保存在这里，等它恢复应答后再发送。",
  outdated: "协调器已升级，使用的协议版本比本页面新。请重新加载页面后再参加。",
  trouble: {
    label: "已处理的问题：",
    trainer: {
      died: "一个训练线程中断了，已由新线程替换。",
      stuck: "一个训练线程没有反应，已由新线程替换。",
      device: "图形处理器丢失或计算出错，改用另一个后端继续。",
      impossible: "一个训练线程算出了不可能的结果，已由新线程替换。",
      memory:
        "一个试验所需的内存超过本页面使用的上限，已交回。减少线程数可以让每个线程使用更多内存。",
      other: "一个训练线程出错，已由新线程替换。",
    },
    trial: {
      "trial-completed": "同一个试验已由另一台设备先完成。",
      "study-stopped": "研究已停止。",
      "lease-lost": "一个试验已转交给另一台设备。",
      "result-refused": "协调器没有接受一个结果。",
      "trainer-failed": "一个试验无法在这里训练，已交回。",
    },
  },
  failure: {
    unreachable: "协调器没有应答。请检查网络连接，然后重试。",
    "no-coordinator":
      "这个地址不是协调器的地址。请向研究的主持者询问正确的地址。",
    outdated: "协调器与本页面的版本不同。请重新加载页面。",
    "join-code":
      "加入这个集群需要邀请码。请打开主持者给的邀请链接，或扫描它的二维码。",
    removed: "研究的主持者移除了这台设备。",
    refused: "协调器拒绝了这台设备的参与。",
    forgotten: "协调器登记了这台设备，随后却无法识别它。请稍后重试。",
    data:
      "这项研究的数据无法用于训练。问题不在这台设备：请把下面的内容告诉研究的主持者。",
    "trainers-failed": "训练在这里多次失败。可以在设置中换一个后端试试。",
    memory:
      "这项研究所需的内存超过本页面使用的上限（设备内存的一半）。请减少线程数，或换一台设备参加。",
    "results-refused":
      "协调器连续拒绝了多个结果：这台设备的计算似乎有误。可以换一个后端试试。",
    "cannot-train": "这个后端在这里无法使用。请在设置中选择“自动”。",
    other: "发生了未知错误。",
  },
  waiting: {
    "study-complete": "研究已完成。如果有新的研究开始，这台设备会参加。",
    "all-leased":
      "所有未完成的试验都在由其他设备训练。如果有试验被交回，可能会分给这台设备。",
    "enough-leases": "这台设备持有的试验数已等于线程数。",
    "verdicts-pending":
      "协调器还在核验从这里提交的结果。核验之后，这台设备会自动继续。",
    "no-study": "协调器目前没有进行中的研究。",
    "no-data":
      "协调器现在无法发送数据集。问题不在这台设备；数据集恢复后，这台设备会自动继续。",
  },
  asksAgain: (time) => `本页面将在 ${time}后再次询问。`,
  asksNow: "正在询问…",
  slot: {
    heading: (slot) => `线程 ${slot}`,
    starting: "正在准备…",
    replicate: (replicate) => `第 ${replicate} 次重复`,
    attempt: (attempt) => `，第 ${attempt} 次尝试`,
    epoch: "轮次",
    epochOf: (epoch, of) => `${epoch} / ${of}`,
    step: "步",
    trial: "试验",
    speed: "速度",
    stepsPerSecond: (steps) => `${steps} 步/秒`,
    left: "剩余时间",
    unknown: "–",
    curve: (point) => `${point} 处训练损失与测试准确率随轮次的变化`,
    chartEmpty: "第一轮结束后开始绘制曲线。",
    trainLoss: "训练损失",
    testAccuracy: "测试准确率",
    asTable: "以表格显示",
  },
  measured: {
    heading: "这台设备的速度",
    caption: "各后端每个训练步所需的时间",
    backend: "后端",
    step: "每步",
    milliseconds: (value) => `${value} 毫秒`,
    detail: "说明",
    unused: {
      slower: "未测量：比其他后端都慢",
      software: "已跳过：图形处理器只由软件模拟：",
      failed: "在这里无法使用：",
    },
    used: "使用中",
  },
  contribution: {
    heading: "这台设备的贡献",
    trials: "试验",
    epochs: "轮次",
    time: "训练时间",
  },
  progress: {
    heading: "研究进展",
    done: (done, total) => `${total} 个试验中已完成 ${done} 个`,
    workers: (count) => `${count} 个工作节点在线`,
    left: (time) => `剩余 ${time}`,
    complete: "已完成",
    see: "查看排行榜",
  },
  hiddenTab: "你可以切换到别的标签页，训练会继续。但手机会停止不可见的页面。",
};

export const trials: typeof en.trials = {
  trialTitle: (point, replicate) => `试验 ${point}，重复 ${replicate}`,
  pointTitle: (point) => `网格点 ${point}`,
  loading: "正在获取…",
  noTrial: "这个协调器没有这个试验。",
  noPoint: "本研究没有这个网格点。",
  failed: "无法获取",
  path: "所在位置",
  unplanned: "这个试验已不在研究计划之内。结果会保留，但不再计入。",
  states: {
    queued: "待进行",
    leased: "进行中",
    verifying: "核验中",
    completed: "已完成",
    quarantined: "已搁置",
  },
  diverged: "发散",
  divergedAt: (epoch) =>
    `损失在第 ${epoch} 轮变为无穷大或非数值：这个试验学不会。`,
  none: "–",
  stats: {
    heading: "数据",
    state: "状态",
    epochs: "轮次",
    of: (count) => `共 ${count}`,
    time: "训练时间",
    perEpoch: (seconds) => `每轮 ${seconds}`,
    attempts: "尝试次数",
    replicates: "已完成的重复",
    checks: "通过全部 d2l 检查",
    sd: (sd) => `标准差 ${sd}`,
  },
  checks: {
    heading: "d2l 的检查",
    note: "书中的代码对最后一轮有以下要求。",
    trainLoss: "训练损失低于 0.5",
    trainAccuracy: "训练准确率高于 0.7",
    testAccuracy: "测试准确率高于 0.7",
    passed: "通过",
    failed: "未通过",
    waiting: "试验完成后才进行检查。",
    diverged: "试验发散，因此没有一项检查通过。",
  },
  curves: {
    heading: "学习曲线",
    attempt: "尝试",
    attemptNumber: (attempt) => `第 ${attempt} 次尝试`,
    chart: (what) => `${what}随轮次的变化`,
    epoch: "轮次",
    noneYet: "还没有报告任何一轮。",
    asTable: "每一轮的全部数据",
    seconds: "秒",
    lossOff: "训练损失（关闭暂退）",
    mean: "均值",
    band: "色带：均值上下各一个标准差（按各次重复计算）",
    replicate: (replicate) => `重复 ${replicate}`,
    source: (study, what) => `研究 ${study}，${what}。由 dropout-swarm 生成。`,
  },
  attempts: {
    heading: "各次尝试",
    none: "还没有工作节点尝试过这个试验。",
    caption: "这个试验的每次尝试，最早的在前",
    number: "序号",
    worker: "工作节点",
    backend: "后端",
    started: "开始",
    until: "至",
    took: "用时",
    epochs: "轮次",
    state: "状态",
    why: "结束原因",
    states: {
      running: "进行中",
      delivered: "核验中",
      completed: "已接受",
      released: "已交还",
      failed: "失败",
      refused: "被拒绝",
      expired: "失去联系",
      superseded: "太迟",
    },
    whys: {
      running: "尚未结束。",
      delivered: "协调器核验之后，结果才会计入。",
      completed: "结果通过核验，已计入。",
      released: "工作节点离开了，并交还了试验。",
      failed: "工作节点无法训练这个试验。",
      refused: "结果没有通过检查。",
      expired: "工作节点没有及时报告。",
      superseded: "另一次尝试的结果先被接受。",
    },
    said: "消息：",
  },
  about: {
    heading: "训练了什么",
    id: "试验",
    study: "研究",
    seed: "随机种子",
    recipe: "配方",
  },
  point: {
    metrics: "所有指标",
    metricsCaption: (point) => `${point} 的均值、标准差与 95% 区间`,
    metric: "指标",
    mean: "均值",
    sd: "标准差",
    interval: "95% 区间",
    noInterval: "至少需要两次重复",
    n: "n",
    swappedMean: (point) => `${point} 的均值`,
    replicates: "各次重复",
    replicatesCaption: (point) => `${point} 的试验`,
    replicate: "重复",
    swapped: "互换两个概率",
    swappedIs: (point) => `互换两个概率后，本点变为 ${point}。`,
    equal: "两个概率相同：互换后仍是本点。",
    noPartner: "本研究没有两个概率互换后的点。",
    comparisons: "结论所用的配对差异",
    compared: "网格点",
    less: (first, second) => `${first} 减 ${second}`,
    difference: "差异",
    pDifference: "p（无差异）",
    pEquivalence: "p（等效）",
    noComparisons: "还没有可以比较的结果。",
  },
  list: {
    heading: "试验",
    show: "显示哪些试验",
    all: "全部",
    caption: (which) => `试验（${which}），最近有变化的在前`,
    point: "网格点",
    replicate: "重复",
    state: "状态",
    worker: "工作节点",
    backend: "后端",
    epochs: "轮次",
    time: "用时",
    when: "时间",
    empty: "没有处于这一状态的试验。",
    held: "指向列表时，列表保持不动。",
    pages: "试验列表的分页",
    ofEpochs: (done, epochs) => `${done} / ${epochs}`,
  },
  exports: {
    heading: "下载",
    trialJson: "这个试验（JSON）",
    pointJson: "这个网格点（JSON）",
    trialsCsv: "试验（CSV）",
    curvesCsv: "曲线（CSV）",
    curvesJson: "试验与曲线（JSON）",
  },
};

export const lesson: typeof en.lesson = {
  title: "一步一步看懂暂退法",
  lead:
    "本页面先用训练时所用的随机数，现场演示暂退法做了什么；再用重复训练来检验一份学生笔记凭单次训练得出的结论。本页面面向《动手学深度学习》（d2l）4.6 节的读者。",
  contents: "本页内容",
  what: {
    heading: "暂退法是什么，不是什么",
    habit:
      "权重很多的网络可能只是背下训练图像，遇到新图像就出错。常见的对策有两种：权重衰减在损失中加入对大权重的惩罚；暂退法则把噪声加进网络本身。",
    is:
      "在训练的每一步，对每张图像，暂退法都重新抽取：隐藏层的每个输出以概率 p 置零，其余的乘以 1/(1 − p)。任何单元都不能依赖另一个特定的单元，所以网络会把学到的东西分散到许多单元上。概率 p 从第一步到最后一步始终不变。训练好的网络在使用时关闭暂退。",
    isNot:
      "笔记把暂退法称为“一种全局优化算法，通过逐步减小随机扰动的程度，逐步搜索解空间”。那是模拟退火（Kirkpatrick、Gelatt、Vecchi，1983）。暂退法（Srivastava 等，2014）既不搜索也不降温：无论是否使用暂退法，优化器都是随机梯度下降，噪声也不会减小。",
  },
  formula: {
    heading: "公式",
    replaced: "活性值 h 被替换为随机变量 h′：",
    withProbability: "概率为 p",
    otherwise: "其他情况",
    mean: "缩放使它的期望保持不变：",
    variance: "方差则是新增的。这就是噪声，概率越高噪声越大：",
    ends:
      "概率可以取 0 到 1 的任何值：0 ≤ p ≤ 1。p = 0 时什么都不丢弃；p = 1 时按约定全部丢弃，因为公式会除以零，此时期望是 0 而不是 h。",
  },
  layer: {
    heading: "现场演示一个暂退层",
    intro:
      "张量是 0 到 15，排成两行，与笔记相同。每个元素有一个随机数，小于 p 就被丢弃。因此，较高的概率会丢弃较低概率所丢弃的全部元素，还会丢弃更多。移动滑块即可看到。",
    source:
      "这些是真实训练所用的随机数。第 1 次抽取就是研究的首个重复在第 1 步、第一隐藏层之后的掩码的开头，第 2 次抽取属于第 2 步，依此类推；无论在哪台设备上训练都相同。",
    rate: "暂退概率 p",
    presets: "笔记中的概率",
    again: "再抽一次",
    many: (count) => `再抽 ${count} 次`,
    restart: "重新开始",
    input: "输入 X",
    output: (p) => `dropoutLayer(X, ${p})`,
    draw: (draw, epoch, step) =>
      `第 ${draw} 次抽取：第 ${epoch} 轮，第 ${step} 步`,
    mean: (draws) => `输出的均值，抽取次数：${draws}`,
    dropped: "0，已丢弃",
    status: (draw, dropped, kept, factor) =>
      `第 ${draw} 次抽取：16 个元素中丢弃 ${dropped} 个，保留 ${kept} 个并乘以 ${factor}。`,
    statusAll: (draw) => `第 ${draw} 次抽取：16 个元素全部丢弃。`,
    half:
      "每个元素各自独立地被丢弃。p = 0.5 时平均丢弃一半；十六个中恰好丢弃八个的情况，大约五次抽取才有一次。",
    chart: {
      heading: "均值收敛到输入",
      label: (low, high, draws) =>
        `16 个元素的 h′ / h 的均值，最低 ${low}，最高 ${high}，抽取次数：${draws}`,
      axis: "抽取次数",
      note:
        "每个元素一条线：到目前为止 h′ / h 的均值。若 E[h′] = h，任一时刻都有 95% 的线落在色带之内，而色带逐渐向 1 收窄。",
      certain: "p = 0 时没有随机性：每条线都停在 1。",
      nothing: "p = 1 时所有元素都被丢弃：每条线都停在 0，E[h′] = h 不成立。",
      table: "以表格显示均值",
      draws: "抽取次数",
      lowest: "最低均值",
      highest: "最高均值",
      band: "色带",
    },
    last: "这是十轮训练的最后一步。你已看过一次训练在这里抽取的全部掩码。",
  },
  network: {
    heading: "网络与它的掩码",
    intro:
      "784 个像素，两个各有 256 个单元、使用 ReLU 的隐藏层，十类服装（数据集是 Fashion-MNIST；笔记误说成数字）。每个隐藏层之后都有暂退：dropout1 靠近输入，dropout2 靠近输出。",
    mode: "模式",
    modes: { training: "训练", test: "测试" },
    rate1: "dropout1",
    rate2: "dropout2",
    next: "下一步",
    step: (step) => `第 ${step} 步`,
    parts: {
      input: "输入",
      hidden1: "隐藏层 1",
      hidden2: "隐藏层 2",
      output: "输出",
    },
    picture: (kept1, kept2) =>
      `网络示意图：784 个输入，第一隐藏层的 256 个单元保留 ${kept1} 个，第二隐藏层的 256 个单元保留 ${kept2} 个，10 个输出`,
    kept: (layer, kept, factor) =>
      `${layer}：256 个单元保留 ${kept} 个，输出各乘以 ${factor}。`,
    none: (layer) => `${layer}：一个单元也没有保留。`,
    weights: (share) =>
      `两个隐藏层之间有 65,536 个权重，其中 ${share} 连接两个被保留的单元；其余的在这一步对这张图像不起作用。`,
    image: "图中是批量里的第一张图像；256 张图像各有自己的掩码。",
    asTest: "512 个隐藏单元全部参与，输出保持原样。",
    whyHeading: "为什么测试时什么都不丢弃",
    why:
      "测试时丢弃会给每次预测加上噪声，同一张图像每次得到不同的答案。也不需要缩放：训练时已把保留的输出乘以 1/(1 − p)，所以每一层收到的输入与训练时大小相当。（笔记说测试时暂退层“仅连接神经网络”，准确地说，是把输入原样传下去。）",
  },
  code: {
    heading: "从零实现与简洁实现",
    intro:
      "代码用 TypeScript 和 TensorFlow.js（tf）写成。构建本页面时，这些代码从实际用于训练的源文件中复制而来。",
    scratch: "从零实现",
    scratchNote:
      "这个版本与笔记一样，逐个写出每个运算。不给出训练位置时，就不使用暂退。",
    concise: "简洁实现",
    conciseNote:
      "这个版本使用框架自带的层。只有暂退层由我们自己实现，因为框架抽取的掩码无法在别的设备上重现。",
    same:
      "笔记中的两个网络从不同的权重出发，曲线无法比较。这里两者从相同的权重出发，并有测试保证它们的损失和梯度一致。研究实际训练的是第三个网络：同样的运算合并成更少、更大的内核，也受同一测试约束。",
    failed: "无法获取代码",
  },
  answers: {
    heading: "研究给出的答案",
    intro:
      "笔记对每组概率只训练一次，结论是从曲线上看出来的。研究 seed 用多个随机种子重复每一组，补上交换后的组合和一个不用暂退的点，并检验每条结论。",
    chosen: "显示的研究",
    choices: { live: "本协调器", sample: "样本" },
    live: (done, total) =>
      `来自本协调器的实时结果：${total} 个试验已完成 ${done} 个。`,
    noLive: "本协调器还没有研究 seed 的结果。",
    outdated: "协调器的版本与本页面不同：请重新加载页面以查看实时结果。",
    asking: "正在询问协调器…",
    fetching: "正在获取样本…",
    sampleFailed: "无法获取样本",
    sample: (s) =>
      `这里显示的是 ${s.committed} 随源代码提交的样本：${s.points} 个网格点，每点重复 ${s.replicates} 次，在 Fashion-MNIST 上用 Deno ${s.deno}、TensorFlow.js ${s.tensorflow}、后端 ${s.backend} 训练。所用命令是`,
    leaderboard: "到排行榜看全部数字",
    concludes: "笔记的结论",
    conclusions: {
      high: {
        heading: "过高的概率",
        quote:
          "两层暂退法概率不可以过高，过高会影响训练效果，使训练损失居高不下。",
      },
      lowest: {
        heading: "最低的概率",
        quote:
          "在所有案例中，当一二层概率均较低时，为 0.02 时模型训练效果最优。",
      },
      swap: {
        heading: "两个概率的顺序",
        quote:
          "第一层的暂退法概率和第二层的暂退法概率交换或数值相同时，模型训练表现基本相同，说明不同层暂退概率的顺序并非模型训练的重要影响因素，数值才是主要影响因素。",
      },
    },
    untested: "本研究的网格点不足以检验这条结论。",
    trend: {
      heading: "训练损失与两个概率的均值",
      label: (points) =>
        `${points} 个网格点的最终训练损失与其两个概率均值的关系；后附表格`,
      x: "dropout1 与 dropout2 的均值",
      limit: "d2l 的检查：低于 0.5",
      note:
        "每个圆点是一个网格点，并带有 95% 区间。空心圆点表示有重复未通过 d2l 的检查。",
      table: "以表格显示各点",
      rate: "概率均值",
      checks: "通过检查",
    },
    ranking: {
      heading: "三个指标并排看",
      note:
        "均值与 95% 区间，按训练损失排序。每列最好的均值用粗体表示，但它不一定就是最好的点。",
      point: "概率",
    },
    pairs: {
      heading: "每一对交换",
      note:
        "平均差异与 95% 区间：较低概率在前的一方减去较高概率在前的一方。灰色区域之内，差异小到没有意义。",
      pair: "交换对",
      less: (first, second) => `${first} 减 ${second}`,
    },
  },
  errors: {
    heading: "笔记错在哪里",
    intro:
      "每一条给出笔记的说法和正确的说法；如果上面所示的研究测量过，还会给出数字。",
    right: "正确",
    measured: "实测",
    items: {
      assertion: {
        says:
          "函数以 assert 0 < dropout <= 1 开头，而下一个单元格就用 0 调用它。",
        right:
          "应为 0 <= p <= 1。p = 0 时断言会中止程序，所以那里印出的输出不可能来自上面印出的代码。",
      },
      columns: {
        says:
          "张量有 8 列，印出的输出却有一行是 9 列：0, 0, 4, 0, 0, 0, 10, 0, 14。",
        right:
          "多了一个零。保留的元素翻倍是对的（p = 0.5）：2、5、7 变为 4、10、14。",
      },
      annealing: {
        says: "暂退法逐步减小随机扰动的程度。",
        right: "那是模拟退火。暂退概率在最后一步与第一步相同。",
      },
      headings: {
        says:
          "(0.5, 0.8) 的标题是“dropout1 > dropout2”，(0.8, 0.3) 的标题是“dropout1 < dropout2”。",
        right: "两个标题正好对调了。",
      },
      lower: {
        says: "(0.5, 0.8) 的损失下降到 0.45，“低于” 0.35。",
        right: "0.45 高于 0.35。",
      },
      contradiction: {
        says:
          "(0.02, 0.02) 的损失约为 0.3，“高于” (0.2, 0.2)，而后者是 0.38；训练效果“稍差”，却又在所有案例中最优。",
        right: "这些说法不可能同时成立：0.3 低于 0.38，而损失越低越好。",
      },
      yardstick: {
        says: "它按开启暂退时的训练损失排名。",
        right:
          "这个损失必然随概率上升：测量时网络有一部分是关闭的。暂退法的目的是改善对新图像的表现，所以应当看测试损失和测试准确率。",
      },
      single: {
        says: "每个点只训练一次，就得出每条结论。",
        right:
          "同样的概率，各次训练也会因偶然而不同。两次单独训练之间相差 0.01，说明不了什么。",
      },
      order: {
        says: "只看一对交换，就断定顺序没有影响。",
        right:
          "没有看出差异，不等于证明没有差异。要证明这一点，需要重复训练，以及事先定好界限的等效检验。",
      },
    },
    figureAt: (value, point) => `${value}，在 ${point} 处`,
    bestOf: (loss, testLoss, accuracy) =>
      `最好的平均训练损失是 ${loss}；最好的平均测试损失是 ${testLoss}；最好的平均测试准确率是 ${accuracy}。`,
    spread: (lossLow, lossHigh, accuracyLow, accuracyHigh) =>
      `同一个点各次重复的标准差：训练损失为 ${lossLow} 到 ${lossHigh}，测试准确率为 ${accuracyLow} 到 ${accuracyHigh}。`,
  },
  exercises: {
    heading: "d2l 的练习",
    intro: "下面列出这个系统现在能回答哪些练习。",
    states: { answered: "已回答", partly: "部分", open: "尚不能" },
    items: {
      rates: {
        asks: "改变两层的暂退概率，再互相交换。定量描述结果，总结定性的结论。",
        here: "本页和排行榜已回答。要以 0.1 为步长训练所有组合，请运行：",
      },
      epochs: {
        asks: "增加训练轮数，比较使用与不使用暂退法的结果。",
        here:
          "轮数可任意设定，排行榜会显示曲线；目前没有检验它的论断。请运行：",
      },
      variance: {
        asks:
          "使用与不使用暂退法时，各隐藏层活性值的方差是多少，随训练如何变化？",
        here: "目前不记录活性值。",
      },
      test: {
        asks: "为什么测试时不使用暂退法？",
        here: "见上文：为什么测试时什么都不丢弃。",
      },
      decay: {
        asks: "比较暂退法与权重衰减，再同时使用两者。",
        here:
          "研究文件可以让权重衰减与暂退概率一起变化。目前没有检验其差异的论断。",
      },
      weights: {
        asks: "如果丢弃的是单个权重而不是活性值，会怎样？",
        here: "这里的网络只丢弃活性值。",
      },
      noise: {
        asks:
          "设计另一种在每层注入噪声的方法，它在 Fashion-MNIST 上能胜过暂退法吗？",
        here: "目前没有别的噪声可选。",
      },
    },
  },
};

export const workers: typeof en.workers = {
  title: "工作节点 · dropout-swarm",
  heading: "工作节点",
  lead:
    "浏览器标签页和 Deno 进程负责训练试验。每个名字都是主人自取的昵称，或由协调器随机起的名字。除本页面所列之外，我们对工作节点一无所知。",
  joinToo: "用这台设备加入",
  loading: "正在获取工作节点…",
  failed: "无法获取工作节点",
  none: "还没有人加入。",
  noneOnline: "目前没有人在线。",
  counts: "数量",
  online: "当前在线",
  ever: "累计加入",
  show: "显示哪些工作节点",
  showAll: "全部",
  showOnline: "在线",
  order: "排序",
  byResults: "结果最多的在前",
  bySeen: "最近出现的在前",
  caption: "工作节点、所用的后端、速度与贡献",
  columns: {
    name: "名字",
    device: "设备",
    backend: "后端",
    threads: "线程",
    step: "每步毫秒",
    stepNote: "训练一步的时间，由工作节点加入时测得",
    pace: "每分钟试验数",
    paceNote: "最近一刻钟内被接受的结果",
    results: "结果",
    resultsNote: "被接受的结果，每个试验计一次",
    running: "进行中",
    seen: "最近出现",
  },
  kinds: { browser: "浏览器标签页", deno: "Deno 进程" },
  agreement: {
    heading: "结果一致吗？",
    note:
      "同一个网格点无论由谁训练，损失都相差不大。如果某个工作节点的结果与其他结果的差异超出偶然所能解释的程度，这里就会标出。原因可能是设备算错、后端有缺陷，或者工作节点训练了别的东西。如果只有两方而且彼此不同，则无法判断哪一方有问题。",
    caption: "各后端的结果是否与其他后端一致",
    backend: "后端",
    results: "结果",
    verdict: "与其他相比",
    odd: "差异超出偶然",
    even: "与其他一致",
    nothing: "尚无可比较的结果",
    trainLoss: "训练损失",
    testLoss: "测试损失",
    test: (figure, chiSquare, points, p) =>
      `${figure}：χ² = ${chiSquare}，共 ${points} 个网格点，p ${p}`,
  },
  now: "在线",
  notSaid: "–",
  pages: "工作节点的分页",
};

export const report: typeof en.report = {
  title: (study) => `${study} · 报告`,
  kind: "研究报告",
  broken: "此文件中没有可读的报告",
  unfinished: (done, total) =>
    `${total} 次试验已完成 ${done} 次：所有结论均为暂定。`,
  made: {
    heading: "本报告的生成方式",
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
    commands: "在仓库的克隆中重新运行本研究的命令",
    seed: (seed) =>
      `研究的种子为 ${seed}：权重、批次与掩码在任何设备上都相同。`,
  },
  embedded: {
    heading: "数据",
    note: "此文件包含全部数字，显示时不下载任何内容。",
    save: "保存为 JSON",
    definition: "保存研究定义",
  },
};
