import type { LessonWords } from "./lesson_en.ts";

/** 课程页面的用词。 */
export const lessonZh: LessonWords = {
  title: "一步一步看懂暂退法",
  lead:
    "先用训练时的同一组随机数现场演示暂退法做了什么，再看一份学生笔记凭单次训练得出的结论，在重复训练之后还剩下什么。写给《动手学深度学习》（d2l）4.6 节的读者。",
  contents: "本页内容",
  what: {
    heading: "暂退法是什么，不是什么",
    habit:
      "权重很多的网络可能只是背下训练图像，遇到新图像就出错。常见的对策有两种：权重衰减在损失中加入对大权重的惩罚；暂退法则把噪声加进网络本身。",
    is:
      "在训练的每一步，对每张图像，暂退法都重新抽取：隐藏层的每个输出以概率 p 置零，其余的乘以 1/(1 − p)。任何一个单元都不能指望另一个特定单元一定在场，所以学到的东西会分散到许多单元上。概率 p 从第一步到最后一步始终不变。训练好的网络在使用时关闭暂退。",
    isNot:
      "笔记把暂退法称为“一种全局优化算法，通过逐步减小随机扰动的程度，逐步搜索解空间”。那是模拟退火（Kirkpatrick、Gelatt、Vecchi，1983）。暂退法（Srivastava 等，2014）不搜索，也不降温：无论用不用它，优化器都是随机梯度下降，噪声也不会逐渐减弱。",
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
      "张量是 0 到 15，排成两行，与笔记相同。每个元素有一个随机数，小于 p 就被丢弃。所以较高的概率会丢弃较低概率丢弃的全部元素，还会更多：移动滑块，看它们依次消失。",
    source:
      "这些数不是为本页编造的。第 1 次抽取就是研究的首个重复在第 1 步、第一隐藏层之后的掩码的开头，第 2 次抽取属于第 2 步，依此类推；无论在哪台设备上训练都相同。",
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
      heading: "均值回到输入",
      label: (low, high, draws) =>
        `16 个元素的 h′ / h 的均值，最低 ${low}，最高 ${high}，抽取次数：${draws}`,
      axis: "抽取次数",
      note:
        "每个元素一条线：到目前为止 h′ / h 的均值。若 E[h′] = h，任一时刻都有 95% 的线落在色带之内，而色带向 1 收拢。",
      certain: "p = 0 时没有随机性：每条线都停在 1。",
      nothing: "p = 1 时没有可平均的东西：每条线都停在 0，E[h′] = h 不成立。",
      table: "以表格显示均值",
      draws: "抽取次数",
      lowest: "最低均值",
      highest: "最高均值",
      band: "色带",
    },
    last: "这是十轮训练的最后一步：一次训练在这里抽取的全部掩码都已用过。",
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
      "用 TypeScript 和 TensorFlow.js（tf）写成。这些代码在构建页面时从实际用于训练的源文件中截取。",
    scratch: "从零实现",
    scratchNote: "与笔记一样，逐个写出每个运算。不给出训练位置时，就没有暂退。",
    concise: "简洁实现",
    conciseNote:
      "使用框架自带的层。只有暂退层是我们自己的，因为框架抽取的掩码无法在别的设备上重现。",
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
      `这里显示的是 ${s.committed} 随源代码提交的样本：${s.points} 个网格点，每点重复 ${s.replicates} 次，在 Fashion-MNIST 上用 Deno ${s.deno}、TensorFlow.js ${s.tensorflow}、后端 ${s.backend} 训练，命令是`,
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
      note: "每个网格点一个圆点，带 95% 区间；空心：有重复未通过 d2l 的检查。",
      table: "以表格显示各点",
      rate: "概率均值",
      checks: "通过检查",
    },
    ranking: {
      heading: "三把尺子并排看",
      note:
        "均值与 95% 区间，按训练损失排序。粗体：该列最好的均值，但不一定就是最好的点。",
      point: "概率",
    },
    pairs: {
      heading: "每一对交换",
      note:
        "较低概率在前的一方减去较高概率在前的一方：平均差异与 95% 区间。灰色：界限之内，差异没有实际意义。",
      pair: "交换对",
      less: (first, second) => `${first} 减 ${second}`,
    },
  },
  errors: {
    heading: "笔记错在哪里",
    intro: "笔记的说法、正确的说法，以及上面所示研究中与之相关的数字。",
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
          "这个损失必然随概率上升：测量时网络有一部分是关着的。暂退法是为了新图像，应当看的是测试损失和测试准确率。",
      },
      single: {
        says: "每条结论都只凭每点一次训练。",
        right:
          "同样的概率，各次训练也会因偶然而不同。两次单独训练之间相差 0.01，说明不了什么。",
      },
      order: {
        says: "看一眼一对交换，就断定顺序没有影响。",
        right:
          "没看出差异，不等于证明没有差异。那需要重复训练，以及事先定好界限的等效检验。",
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
    intro: "这个系统现在能回答哪些，哪些还不能。",
    states: { answered: "已回答", partly: "部分", open: "尚不能" },
    items: {
      rates: {
        asks: "改变两层的暂退概率，再互相交换。定量描述结果，总结定性的结论。",
        here: "见本页和排行榜。要以 0.1 为步长跑遍所有组合，请运行：",
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
        here: "训练方案中没有权重衰减。",
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
