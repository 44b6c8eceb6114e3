"""PyTorch's weight decay, as reference values in tests/golden.

    deno run -A tests/golden/weight_decay_steps.ts |
      python3 bench/pytorch_weight_decay.py steps > \
      tests/golden/pytorch_weight_decay_steps.json
    python3 bench/pytorch_weight_decay.py trials > \
      tests/golden/pytorch_weight_decay_trials.json

`steps` reads a small network's initial weights, a batch and the masks of each
step, and trains in float64. `trials` trains the seed study's baseline with
several of PyTorch's seeds, on Fashion-MNIST from Debian's package
dataset-fashion-mnist. Both decay the weights and not the biases.
"""

import gzip
import json
import statistics
import sys

import numpy as np
import torch
from torch import nn

FOLDER = "/usr/share/datasets/fashion-mnist/"
WEIGHT_DECAY = 1e-3
RATES = (0.2, 0.5)
LEARNING_RATE = 0.5
BATCH = 256
EPOCHS = 10
SEEDS = 5
SOURCE = f"PyTorch {torch.__version__}, bench/pytorch_weight_decay.py"


def optimizer(parameters, learning_rate, weight_decay):
    """torch.optim.SGD with the decay on the weights only."""
    weights = [p for p in parameters if p.dim() > 1]
    biases = [p for p in parameters if p.dim() == 1]
    return torch.optim.SGD([
        {"params": weights, "weight_decay": weight_decay},
        {"params": biases, "weight_decay": 0.0},
    ], lr=learning_rate)


def train_steps(case):
    def tensor(values, shape):
        return torch.tensor(values, dtype=torch.float64).reshape(shape)

    parameters = [
        tensor(p["values"], p["shape"]).requires_grad_()
        for p in case["parameters"]]
    w1, b1, w2, b2, w3, b3 = parameters
    images = tensor(case["images"]["values"], case["images"]["shape"])
    labels = torch.tensor(case["labels"])
    sgd = optimizer(parameters, case["learningRate"], case["weightDecay"])
    losses = []
    for masks in case["masks"]:
        first, second = [tensor(m["values"], m["shape"]) for m in masks]
        hidden = torch.relu(images @ w1 + b1) * first
        hidden = torch.relu(hidden @ w2 + b2) * second
        loss = nn.functional.cross_entropy(hidden @ w3 + b3, labels)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        losses.append(loss.item())
    return {
        "source": f"{SOURCE} steps, float64",
        "losses": losses,
        "parameters": [p.detach().flatten().tolist() for p in parameters],
    }


def load(part):
    def read(name, offset):
        with gzip.open(f"{FOLDER}{name}-ubyte.gz") as file:
            return np.frombuffer(file.read(), np.uint8, offset=offset)

    images = read(f"{part}-images-idx3", 16).reshape(-1, 784)
    labels = read(f"{part}-labels-idx1", 8)
    return (torch.from_numpy(images.astype(np.float32) / 255),
            torch.from_numpy(labels.astype(np.int64)))


def network():
    net = nn.Sequential(
        nn.Linear(784, 256), nn.ReLU(), nn.Dropout(RATES[0]),
        nn.Linear(256, 256), nn.ReLU(), nn.Dropout(RATES[1]),
        nn.Linear(256, 10))
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=0.01)
    return net


def train_trial(seed, train, test):
    torch.manual_seed(seed)
    net = network()
    sgd = optimizer(list(net.parameters()), LEARNING_RATE, WEIGHT_DECAY)
    images, labels = train
    epochs = []
    for _ in range(EPOCHS):
        net.train()
        loss_sum = right = 0
        for batch in torch.randperm(len(images)).split(BATCH):
            logits = net(images[batch])
            loss = nn.functional.cross_entropy(logits, labels[batch])
            sgd.zero_grad()
            loss.backward()
            sgd.step()
            loss_sum += loss.item() * len(batch)
            right += (logits.argmax(1) == labels[batch]).sum().item()
        net.eval()
        with torch.no_grad():
            logits = net(test[0])
            test_loss = nn.functional.cross_entropy(logits, test[1]).item()
            test_right = (logits.argmax(1) == test[1]).sum().item()
        epochs.append({
            "trainLoss": loss_sum / len(images),
            "trainAccuracy": right / len(images),
            "testAccuracy": test_right / len(test[0]),
            "testLoss": test_loss,
        })
        print(f"seed {seed}: {epochs[-1]}", file=sys.stderr)
    return epochs


def train_trials():
    torch.set_num_threads(1)
    train, test = load("train"), load("t10k")
    trials = [train_trial(seed, train, test) for seed in range(SEEDS)]

    def spread(metric):
        values = [epochs[-1][metric] for epochs in trials]
        return {"mean": round(statistics.mean(values), 4),
                "sd": round(statistics.stdev(values), 4)}

    return {
        "source": f"{SOURCE} trials, seeds 0 to {SEEDS - 1}, the mean and the "
                  "sample standard deviation over the seeds",
        "recipe": "as in pytorch_reference.json, with weight decay on the "
                  "weights and not on the biases",
        "points": [{
            "dropout1": RATES[0],
            "dropout2": RATES[1],
            "weightDecay": WEIGHT_DECAY,
            "replicates": SEEDS,
            "final": {metric: spread(metric) for metric in (
                "trainLoss", "trainAccuracy", "testAccuracy", "testLoss")},
            "trainLossByEpoch": [
                round(statistics.mean(t[e]["trainLoss"] for t in trials), 4)
                for e in range(EPOCHS)],
        }],
    }


if __name__ == "__main__":
    made = {
        "steps": lambda: train_steps(json.load(sys.stdin)),
        "trials": train_trials,
    }[sys.argv[1]]()
    json.dump(made, sys.stdout, indent=2)
    print()
