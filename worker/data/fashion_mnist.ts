import { DatasetDefinition } from "../../protocol/study.ts";

/**
 * Download addresses, tried in this order: upstream, its original site, and the
 * copies that Keras and MXNet (d2l's own) use.
 */
const MIRRORS = [
  "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
  "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
  "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
  "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/gluon/dataset/fashion-mnist/",
];

const file = (name: string, sha256: string) => ({
  name,
  sha256,
  urls: MIRRORS.map((mirror) => `${mirror}${name}.gz`),
});

/**
 * Fashion-MNIST: 60,000 training and 10,000 test images of 28x28 grey pixels in
 * 10 classes. Zalando SE, MIT licence.
 *
 * Source: https://github.com/zalandoresearch/fashion-mnist. The hashes are of
 * the decompressed files, because copies of the data are compressed
 * differently.
 */
export const fashionMnist: DatasetDefinition = DatasetDefinition.parse({
  name: "fashion-mnist",
  classes: 10,
  files: {
    trainImages: file(
      "train-images-idx3-ubyte",
      "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    ),
    trainLabels: file(
      "train-labels-idx1-ubyte",
      "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ),
    testImages: file(
      "t10k-images-idx3-ubyte",
      "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    ),
    testLabels: file(
      "t10k-labels-idx1-ubyte",
      "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
  },
});

/** A data set's Debian package, and the folder that it installs. */
export interface DebianPackage {
  /** The name for apt-get. */
  readonly name: string;
  /** Absolute path. */
  readonly folder: string;
}

/** Data sets with a Debian package, by name. */
export const debianPackages: ReadonlyMap<string, DebianPackage> = new Map([
  ["fashion-mnist", {
    name: "dataset-fashion-mnist",
    folder: "/usr/share/datasets/fashion-mnist",
  }],
]);

/** A study's data set: a built-in one's name, or a definition. */
export function datasetDefinition(
  dataset: "fashion-mnist" | DatasetDefinition,
): DatasetDefinition {
  return dataset === "fashion-mnist" ? fashionMnist : dataset;
}
