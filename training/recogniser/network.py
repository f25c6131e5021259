"""The recogniser: a convolutional network that names the characters of a plate column by column, for CTC.

Input [N, 1, 64, 160], (grey − 127.5) / 64. Output [N, 40, 74] logits, one row for every fourth pixel column.
Classes 0–35 are 0–9 and A–Z, 36–71 the same characters when they stand small and stacked, 72 is the CTC blank, 73 a character
that is there and can't be read: covered, or cut by the picture's edge.

Every column sees the whole width through two context blocks: without them characters were doubled, dropped and shifted (design
notes, reading.md). Only layers that OpenCV 4.6 can run are used.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

from drawing.strokefont import CHARACTERS

HEIGHT, WIDTH, COLUMNS = 64, 160, 40
SMALL = len(CHARACTERS)
BLANK = 2 * len(CHARACTERS)
UNREADABLE = BLANK + 1
CLASSES = UNREADABLE + 1


def conv(inputs, outputs, kernel, stride=1, relu=True):
    kernel = kernel if isinstance(kernel, tuple) else (kernel, kernel)
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, (kernel[0] // 2, kernel[1] // 2), bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, nn.ReLU(True)) if relu else nn.Sequential(*layers)


class Residual(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.body = nn.Sequential(*layers)
        nn.init.zeros_(layers[-1][1].weight)

    def forward(self, x):
        return F.relu(x + self.body(x))


def refine(width):
    return Residual(conv(width, width, 3), conv(width, width, 3, relu=False))


def context(width, inner=48, reach=15):
    """Looks 15 columns wide. Dense in a narrow middle: a depthwise 3×15 trains at 300 crops/s on one core, this at 540."""
    return Residual(conv(width, inner, 1), conv(inner, inner, (1, reach)), conv(inner, width, 1, relu=False))


class Recogniser(nn.Module):
    def __init__(self, widths=(16, 32, 64, 96), head=128, columns=COLUMNS):
        super().__init__()
        a, b, c, d = widths
        self.trunk = nn.Sequential(
            conv(1, a, 3, 2), conv(a, b, 3, (2, 2 * COLUMNS // columns)), refine(b), conv(b, c, 3, (2, 1)), refine(c), conv(c, d, 3, (2, 1)), refine(d),
            context(d), context(d))
        self.head = nn.Sequential(
            nn.Conv2d(d, head, (HEIGHT // 16, 3), 1, (0, 1), bias=False), nn.BatchNorm2d(head), nn.ReLU(True),
            conv(head, head, 1), nn.Conv2d(head, CLASSES, 1))

    def forward(self, x):
        return self.head(self.trunk(x)).squeeze(2).transpose(1, 2)


def adopt(net, state):
    """Loads a checkpoint's weights into net; a head of 73 classes gets a row for UNREADABLE."""
    weight, bias, state = "head.4.weight", "head.4.bias", dict(state)
    if len(state[bias]) == UNREADABLE:
        state[weight] = torch.cat([state[weight], torch.zeros_like(state[weight][:1])])
        state[bias] = torch.cat([state[bias], state[bias].new_full((1,), float(state[bias].min()) - 2)])
    net.load_state_dict(state)


@torch.no_grad()
def from_onnx(net, path, crops):
    """Loads an exported file into net, whose normalisation it has folded into the convolutions: it is measured anew on crops
    (uint8 [n, 64, 160], some hundreds), so that training goes on where the file stands."""
    import onnx
    from onnx import numpy_helper
    graph = onnx.load(path).graph
    stored = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    folded = [[stored[n] for n in node.input[1:]] for node in graph.node if node.op_type == "Conv"]
    order, hooks = [], []
    for m in net.modules():
        if isinstance(m, nn.Conv2d):
            hooks.append(m.register_forward_hook(lambda m, i, o: order.append(m)))
    net.eval()(prepare(crops[:1]))
    for h in hooks:
        h.remove()
    if len(folded) != len(order):
        raise SystemExit("%s: %d convolutions, this network has %d" % (path, len(folded), len(order)))
    biases = {}
    for m, (weight, bias) in zip(order, folded):
        if len(weight) == UNREADABLE:
            weight, bias = torch.cat([weight, torch.zeros_like(weight[:1])]), torch.cat([bias, bias.new_full((1,), float(bias.min()) - 2)])
        m.weight.copy_(weight)
        if m.bias is not None:
            m.bias.copy_(bias)
        biases[m] = bias
    after = {}
    for s in net.modules():
        if isinstance(s, nn.Sequential):
            for one, two in zip(s, list(s)[1:]):
                if isinstance(two, nn.BatchNorm2d) and one in biases:
                    after[two] = biases[one]

    def measure(norm, inputs):
        z = inputs[0]
        mean, var = z.mean((0, 2, 3)), z.var((0, 2, 3), unbiased=False)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(var)
        norm.weight.copy_((var + norm.eps).sqrt())
        norm.bias.copy_(after[norm] + mean)

    hooks = [norm.register_forward_pre_hook(measure) for norm in after]
    net(prepare(crops))
    for h in hooks:
        h.remove()


def prepare(crops):
    """uint8 numpy [n, 64, 160] to network input."""
    x = torch.from_numpy(crops).float().sub_(127.5).div_(64).unsqueeze(1)
    return x.contiguous(memory_format=torch.channels_last)


def text_of(classes):
    """Class numbers to (text, small positions); "?" for a character that can't be read."""
    return ("".join("?" if c == UNREADABLE else CHARACTERS[c % SMALL] for c in classes),
            [i for i, c in enumerate(classes) if SMALL <= c < BLANK])
