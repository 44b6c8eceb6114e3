/** Words of the lesson page. */

interface ErrorWords {
  /** What the notebook says or does. */
  readonly says: string;
  /** What is right. */
  readonly right: string;
}

interface ExerciseWords {
  readonly asks: string;
  readonly here: string;
}

export const lessonEn = {
  title: "Dropout, step by step",
  lead:
    "What dropout does, live and with the random numbers that training uses; then what repeated runs say of the conclusions that a student's notebook drew from single ones. For readers of Dive into Deep Learning (d2l), section 4.6.",
  contents: "On this page",
  what: {
    heading: "What dropout is, and what it is not",
    habit:
      "A network with many weights can learn its training images by heart and fail on new ones. Two common remedies: weight decay adds a penalty on large weights to the loss; dropout adds noise to the network itself.",
    is:
      "At each training step and for each image anew, dropout sets each output of a hidden layer to zero with probability p and scales the others by 1/(1 − p). No unit can rely on any particular other one to be there, so what the network learns is spread over many. The rate p stays the same from the first step to the last. When the trained network is used, dropout is off.",
    isNot:
      'The notebook calls dropout "a global optimisation algorithm that gradually reduces random perturbation and searches the solution space step by step". That is simulated annealing (Kirkpatrick, Gelatt, Vecchi 1983). Dropout (Srivastava and others 2014) searches nothing and cools nothing: the optimiser is stochastic gradient descent, with or without it, and the noise does not fade.',
  },
  formula: {
    heading: "The formula",
    replaced: "An activation h is replaced by a random h′:",
    withProbability: "with probability p",
    otherwise: "otherwise",
    mean: "The scaling keeps its expectation what it was:",
    variance:
      "Its variance is new. That is the noise, and it grows with the rate:",
    ends:
      "Any rate from 0 to 1 makes sense: 0 ≤ p ≤ 1. At p = 0 nothing is dropped. At p = 1 everything is, by convention, since the formula would divide by zero; the expectation is then 0 and not h.",
  },
  layer: {
    heading: "A dropout layer, live",
    intro:
      "The tensor holds 0 to 15 in two rows, as in the notebook. Each element has a random number and is dropped if that lies below p. So a higher rate drops all that a lower one drops, and more: move the slider and watch them go.",
    source:
      "These numbers are not made up for this page. Draw 1 is the start of the mask after the first hidden layer at step 1 of the study's first replicate, draw 2 that of step 2, and so on: the same on every device that trains it.",
    rate: "Dropout rate p",
    presets: "Rates of the notebook",
    again: "Draw again",
    many: (count: string) => `${count} more draws`,
    restart: "Start over",
    input: "Input X",
    output: (p: string) => `dropoutLayer(X, ${p})`,
    draw: (draw: string, epoch: string, step: string) =>
      `draw ${draw}: epoch ${epoch}, step ${step}`,
    mean: (draws: string) => `Mean output over draws: ${draws}`,
    dropped: "0, dropped",
    status: (draw: string, dropped: string, kept: string, factor: string) =>
      `Draw ${draw}: ${dropped} of 16 dropped, ${kept} kept and multiplied by ${factor}.`,
    statusAll: (draw: string) => `Draw ${draw}: all 16 dropped.`,
    half:
      "Each element is dropped on its own. At p = 0.5 half of them go on average; exactly eight of sixteen in about one draw of five.",
    chart: {
      heading: "The mean comes back to the input",
      label: (low: string, high: string, draws: string) =>
        `Means of h′ / h of the 16 elements, from ${low} to ${high} after draws: ${draws}`,
      axis: "draws",
      note:
        "One line an element: the mean of h′ / h over the draws so far. If E[h′] = h, 95% of the lines lie in the band at any one time, and the band closes in on 1.",
      certain: "Nothing is random at p = 0: each line stays at 1.",
      nothing:
        "At p = 1 nothing is left to average: each line stays at 0, and E[h′] = h does not hold.",
      table: "Show the means as a table",
      draws: "Draws",
      lowest: "Lowest mean",
      highest: "Highest mean",
      band: "Band",
    },
    last:
      "That was the last step of ten epochs: every mask that a training draws here.",
  },
  network: {
    heading: "The network and its masks",
    intro:
      "784 pixels, two hidden layers of 256 units with ReLU, ten kinds of clothing (Fashion-MNIST; the notebook speaks of digits). Dropout follows each hidden layer: dropout1 nearer the input, dropout2 nearer the output.",
    mode: "Mode",
    modes: { training: "Training", test: "Test" },
    rate1: "dropout1",
    rate2: "dropout2",
    next: "Next step",
    step: (step: string) => `step ${step}`,
    parts: {
      input: "Input",
      hidden1: "Hidden 1",
      hidden2: "Hidden 2",
      output: "Output",
    },
    picture: (kept1: string, kept2: string) =>
      `The network: 784 inputs, ${kept1} of 256 units kept in the first hidden layer, ${kept2} of 256 in the second, 10 outputs`,
    kept: (layer: string, kept: string, factor: string) =>
      `${layer}: ${kept} of 256 units kept, each output times ${factor}.`,
    none: (layer: string) => `${layer}: no unit kept.`,
    weights: (share: string) =>
      `Of the 65,536 weights between the hidden layers, ${share} join two kept units: the others play no part at this step for this image.`,
    image:
      "Shown is the first image of the batch; each of the 256 images has masks of its own.",
    asTest: "All 512 hidden units take part, their outputs as they are.",
    whyHeading: "Why nothing is dropped at test time",
    why:
      'Dropping at test time would add noise to every prediction and answer the same image differently each time. Nothing needs scaling either: since training scaled what it kept by 1/(1 − p), each layer meets inputs of the size it was trained on. (The notebook says that at test time the layer "only connects the network": it hands its input on unchanged.)',
  },
  code: {
    heading: "From scratch and concise",
    intro:
      "TypeScript with TensorFlow.js (tf). These listings are cut out of the source that trains when this page is built.",
    scratch: "From scratch",
    scratchNote:
      "Each operation written out, as in the notebook. Without a position in training there is no dropout.",
    concise: "Concise",
    conciseNote:
      "The framework's layers. Only dropout is our own, since the framework draws masks that no other device can repeat.",
    same:
      "In the notebook the two networks start from different weights, so that their curves cannot be compared. Here both start from the same ones, and a test holds their losses and gradients together. So it does with the third network, the one that studies train: the same operations in fewer, larger kernels.",
    failed: "The listings could not be fetched",
  },
  answers: {
    heading: "What the study says",
    intro:
      "The notebook trained once at each pair of rates and read its conclusions off the curves. The study seed repeats each pair with several seeds, adds swapped partners and a point without dropout, and tests each conclusion.",
    chosen: "Study shown",
    choices: { live: "This coordinator's", sample: "The sample" },
    live: (done: string, total: string) =>
      `Live from this coordinator: ${done} of ${total} trials are in.`,
    noLive: "This coordinator has no result of the study seed yet.",
    outdated:
      "This coordinator speaks another version than this page: reload it for live results.",
    asking: "Asking the coordinator…",
    fetching: "Fetching the sample…",
    sampleFailed: "The sample could not be fetched",
    sample: (
      s: {
        points: string;
        replicates: string;
        committed: string;
        deno: string;
        tensorflow: string;
        backend: string;
      },
    ) =>
      `Shown is the sample committed with the source on ${s.committed}: ${s.points} grid points, ${s.replicates} replicates each, trained on Fashion-MNIST with Deno ${s.deno}, TensorFlow.js ${s.tensorflow}, backend ${s.backend}, by`,
    leaderboard: "All figures on the leaderboard",
    concludes: "The notebook concludes",
    conclusions: {
      high: {
        heading: "Rates that are too high",
        quote:
          "The rates of the two layers must not be too high: too high, they hurt training and keep the training loss high.",
      },
      lowest: {
        heading: "The lowest rates",
        quote:
          "Of all cases, the model trains best when both rates are low, at 0.02.",
      },
      swap: {
        heading: "The order of the two",
        quote:
          "With the two rates swapped, or equal, the model does about the same: the order is not important, the values are.",
      },
    },
    untested: "The points of this study do not test this conclusion.",
    trend: {
      heading: "Training loss against the mean of the two rates",
      label: (points: string) =>
        `Final training loss of ${points} grid points against the mean of their two rates; a table follows`,
      x: "mean of dropout1 and dropout2",
      limit: "d2l's check: below 0.5",
      note:
        "A dot a grid point, with its 95% interval; hollow: some replicate fails d2l's check.",
      table: "Show the points as a table",
      rate: "Mean rate",
      checks: "Checks passed",
    },
    ranking: {
      heading: "Three yardsticks side by side",
      note:
        "Means with 95% intervals, in the order of training loss. In bold: the best mean of each column, which need not be the best point.",
      point: "Rates",
    },
    pairs: {
      heading: "Each swapped pair",
      note:
        "The lower rate first, less the higher rate first: mean difference with its 95% interval. Grey: within the margin, where a difference would not matter.",
      pair: "Pair",
      less: (first: string, second: string) => `${first} less ${second}`,
    },
  },
  errors: {
    heading: "Where the notebook is wrong",
    intro:
      "What it says, what is right, and the figures of the study shown above where they bear on it.",
    right: "Right",
    measured: "Measured",
    items: {
      assertion: {
        says:
          "The function begins with assert 0 < dropout <= 1. The next cell calls it with 0.",
        right:
          "0 <= p <= 1. At p = 0 the assertion would stop the program, so the output printed there cannot come from the code printed above it.",
      },
      columns: {
        says:
          "The printed output of a tensor with 8 columns has a row with 9: 0, 0, 4, 0, 0, 0, 10, 0, 14.",
        right:
          "One zero too many. What is kept is doubled, as it should be at p = 0.5: 2, 5 and 7 become 4, 10 and 14.",
      },
      annealing: {
        says: "Dropout gradually reduces the random perturbation.",
        right:
          "That is simulated annealing. Dropout's rate is the same at the last step as at the first.",
      },
      headings: {
        says:
          '(0.5, 0.8) stands under "dropout1 > dropout2", (0.8, 0.3) under "dropout1 < dropout2".',
        right: "Each stands under the other's heading.",
      },
      lower: {
        says: 'At (0.5, 0.8) the loss falls to 0.45, "lower than" 0.35.',
        right: "0.45 is higher than 0.35.",
      },
      contradiction: {
        says:
          'At (0.02, 0.02) the loss is about 0.3, "higher than at (0.2, 0.2)", where it is 0.38; the training is "slightly worse" there, and 0.02 is the best of all.',
        right:
          "These cannot all be true: 0.3 is lower than 0.38, and lower is better.",
      },
      yardstick: {
        says: "It ranks by the training loss with dropout on.",
        right:
          "That loss rises with the rate by construction: the network is measured while part of it is off. Dropout is for new images, so the test loss and accuracy are what to ask.",
      },
      single: {
        says: "It draws each conclusion from one run a point.",
        right:
          "Runs at the same rates differ by chance alone. A difference of 0.01 between two single runs says little.",
      },
      order: {
        says: "A glance at one swapped pair shows that the order is nothing.",
        right:
          "Not seeing a difference is no evidence of none. That takes repeats, and an equivalence test with a margin said beforehand.",
      },
    } satisfies Record<string, ErrorWords>,
    figureAt: (value: string, point: string) => `${value} at ${point}`,
    bestOf: (loss: string, testLoss: string, accuracy: string) =>
      `Best mean training loss: ${loss}. Best mean test loss: ${testLoss}. Best mean test accuracy: ${accuracy}.`,
    spread: (
      lossLow: string,
      lossHigh: string,
      accuracyLow: string,
      accuracyHigh: string,
    ) =>
      `The standard deviation over replicates at one point is ${lossLow} to ${lossHigh} in training loss and ${accuracyLow} to ${accuracyHigh} in test accuracy.`,
  },
  exercises: {
    heading: "d2l's exercises",
    intro: "What this swarm can answer now, and what not yet.",
    states: { answered: "Answered", partly: "In part", open: "Not yet" },
    items: {
      rates: {
        asks:
          "Change the two rates, and swap them. Describe the results with numbers and sum up.",
        here:
          "This page and the leaderboard. For every pair in steps of 0.1, run:",
      },
      epochs: {
        asks: "Train for more epochs, with dropout and without. Compare.",
        here:
          "Any number of epochs can be run, and the leaderboard shows the curves; no claim tests it yet. Run:",
      },
      variance: {
        asks:
          "What is the variance of each hidden layer's activations, with and without dropout, over the training?",
        here: "Activations are not recorded.",
      },
      test: {
        asks: "Why is dropout not used at test time?",
        here: "Above: why nothing is dropped at test time.",
      },
      decay: {
        asks: "Compare dropout with weight decay, and use both.",
        here: "The recipe has no weight decay.",
      },
      weights: {
        asks:
          "What if single weights are dropped in place of whole activations?",
        here: "The networks drop activations only.",
      },
      noise: {
        asks:
          "Invent another noise for each layer. Does it beat dropout on Fashion-MNIST?",
        here: "There is no other noise to choose.",
      },
    } satisfies Record<string, ExerciseWords>,
  },
};

export type LessonWords = typeof lessonEn;
