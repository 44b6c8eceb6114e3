"""PyTorch's side of `deno task bench step`.

Reads requests from standard input and answers each; both are a line of JSON.
With the argument `loader` it trains as the seed study does: the data loader has
four processes, and all of the machine's cores work. Without it, the data is in
memory, and one thread works. It then does what a step of ours does: it takes a
batch in a shuffled order, trains, and keeps the sum of the losses and the number
of right answers.
"""

import json
import sys
import time

import numpy as np
import torch
from torch import nn

BATCH = 256
EVALUATION_BATCH = 1000
WITH_LOADER = sys.argv[1:2] == ["loader"]


def milliseconds(start):
    return (time.perf_counter() - start) * 1000


def load(path, images):
    """The raw files whose names come in the first request."""
    data = np.fromfile(path, np.uint8)
    if images:
        return data.reshape(-1, 784)
    return data


def network(rates):
    net = nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 256), nn.ReLU(), nn.Dropout(rates[0]),
        nn.Linear(256, 256), nn.ReLU(), nn.Dropout(rates[1]),
        nn.Linear(256, 10))

    def init(module):
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.01)

    net.apply(init)
    return net


class InMemory:
    def __init__(self, sets):
        torch.set_num_threads(1)
        self.train, self.test = [
            (torch.from_numpy(x.astype(np.float32) / 255),
             torch.from_numpy(y.astype(np.int64))) for x, y in sets]
        self.trials = {}
        self.current = None

    def create(self, rates):
        net = network(rates)
        return {
            "net": net,
            "update": torch.optim.SGD(net.parameters(), lr=0.5),
            "loss": nn.CrossEntropyLoss(),
            "order": torch.randperm(len(self.train[1])),
            "step": 0,
            "losses": torch.zeros(()),
            "right": torch.zeros((), dtype=torch.int64),
        }

    def trial(self, rates):
        return self.trials.setdefault(tuple(rates), self.create(rates))

    def step(self, t):
        x, y = self.train
        start = t["step"] * BATCH
        chosen = t["order"][start:start + BATCH]
        xb, yb = x[chosen], y[chosen]
        out = t["net"](xb)
        loss = t["loss"](out, yb)
        t["update"].zero_grad()
        loss.backward()
        t["update"].step()
        with torch.no_grad():
            t["losses"] += loss * len(yb)
            t["right"] += (out.argmax(1) == yb).sum()
        t["step"] += 1
        if t["step"] * BATCH >= len(y):
            t["step"] = 0
            t["order"] = torch.randperm(len(y))

    def timed(self, t):
        if (t["step"] + 1) * BATCH > len(self.train[1]):
            self.step(t)
        start = time.perf_counter()
        self.step(t)
        return milliseconds(start)

    def evaluate(self, t, data):
        net = t["net"]
        net.eval()
        right, losses = 0, 0.0
        with torch.no_grad():
            for at in range(0, len(data[1]), EVALUATION_BATCH):
                x = data[0][at:at + EVALUATION_BATCH]
                y = data[1][at:at + EVALUATION_BATCH]
                out = net(x)
                losses += t["loss"](out, y).item() * len(y)
                right += (out.argmax(1) == y).sum().item()
        net.train()
        return losses, right

    def answer(self, request):
        kind = request["kind"]
        if kind == "steps":
            t = self.trial(request["rates"])
            return [self.timed(t) for _ in range(request["count"])]
        if kind == "for":
            t = self.trial(request["rates"])
            start, steps = time.perf_counter(), 0
            while milliseconds(start) < request["milliseconds"]:
                self.step(t)
                steps += 1
            return {"steps": steps, "milliseconds": milliseconds(start)}
        if kind == "begin":
            self.current = self.create(request["rates"])
            return None
        if kind == "epoch":
            t = self.current
            start = time.perf_counter()
            while True:
                self.step(t)
                if t["step"] == 0:
                    break
            t["losses"].item()
            train = milliseconds(start)
            start = time.perf_counter()
            self.evaluate(t, self.test)
            test = milliseconds(start)
            start = time.perf_counter()
            self.evaluate(t, self.train)
            return {"train": train, "test": test,
                    "trainOff": milliseconds(start)}
        raise ValueError("unknown request: %s" % kind)


class Images(torch.utils.data.Dataset):
    """As torchvision's: one image at a time, through PIL, to a tensor."""

    def __init__(self, images, labels):
        from torchvision import transforms
        self.images, self.labels = images, labels
        self.transform = transforms.ToTensor()

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        from PIL import Image
        image = Image.fromarray(
            self.images[index].reshape(28, 28), mode="L")
        return self.transform(image), int(self.labels[index])


class WithLoader:
    """The training loop of the seed study, one epoch without its test."""

    def __init__(self, sets):
        images, labels = sets[0]
        self.loader = torch.utils.data.DataLoader(
            Images(images, labels), BATCH, shuffle=True, num_workers=4)

    def answer(self, request):
        if request["kind"] != "begin":
            net, loss = self.net, nn.CrossEntropyLoss(reduction="none")
            update = torch.optim.SGD(net.parameters(), lr=0.5)
            start = time.perf_counter()
            total, right, count = 0.0, 0.0, 0
            for x, y in self.loader:
                out = net(x)
                losses = loss(out, y)
                update.zero_grad()
                losses.mean().backward()
                update.step()
                total += float(losses.sum())
                right += float((out.argmax(1) == y).sum())
                count += y.numel()
            return {"train": milliseconds(start), "test": 0, "trainOff": 0}
        self.net = network(request["rates"])
        return None


def main():
    files = json.loads(sys.stdin.readline())
    sets = [(load(files[0], True), load(files[1], False)),
            (load(files[2], True), load(files[3], False))]
    side = WithLoader(sets) if WITH_LOADER else InMemory(sets)
    print(json.dumps(torch.__version__), flush=True)
    for line in sys.stdin:
        print(json.dumps(side.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
