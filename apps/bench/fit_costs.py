"""Fits the constants of layers/kernels/conv_costs.cpp to what bench measured.

Usage: build/bench --only ways --json ways.json; fit_costs.py ways.json GHZ WIDTH

GHZ: of the core while it measured (bench's peak over 4 WIDTH, for two multiply-adds a cycle);
WIDTH: numbers of a vector. Least squares of relative errors, none
negative; prints each constant and how far the fit is from the times. Needs numpy and scipy.
"""

import json
import sys

import numpy
from scipy.optimize import nnls


def fit(name, rows, labels):
    """`rows`: (cycles, work of each kind)."""
    cycles = numpy.array([row[0] for row in rows])
    work = numpy.array([row[1] for row in rows], float)
    constants, _ = nnls(work / cycles[:, None], numpy.ones(len(rows)))
    ratio = work @ constants / cycles
    print("%-22s %s   model / time %.2f to %.2f" % (
        name, "  ".join("%s %.2f" % pair for pair in zip(labels, constants)), ratio.min(),
        ratio.max()))


def main():
    with open(sys.argv[1]) as source:
        ways = json.load(source)["ways"]
    ghz, width = float(sys.argv[2]), int(sys.argv[3])
    parts = 16 // width

    def vectors(reals):
        return -(-reals // width)

    groups = {}
    for w in ways:
        i, o, k, s = w["in"], w["out"], w["kernel"], w["side"]
        side = (s - k + 1) // 2 * 2
        windows = (side // 2) ** 2
        cycles = w["us_per_sample"] * 1e3 * ghz * 16
        if w["way"] == "direct":
            work, labels = [i * o * k * k * side * side * parts], ["multiply_add"]
        elif w["way"] == "pooled":
            work, labels = [(k + 1) ** 2 * windows * i * o * parts], ["pooled"]
        elif w["way"] == "winograd":
            m = int(w["detail"])
            values = (m + k - 1) ** 2 * (-(-side // m)) ** 2 * parts
            if w["pass"] == "weight_grad":
                padded = vectors(i) * width
                work = [values * padded * o, values * (i + o), values * padded,
                        (m + k - 1) ** 2 * vectors(i) * o]
                labels = ["product", "in and out", "transposed", "sum"]
            else:
                work, labels = [values * i * o, values * i, values * o], ["product", "in", "out"]
        else:
            of_input = w["pass"] == "input_grad"
            reach = k + 1 if of_input else k
            patch = reach * vectors(reach * i)
            visits = (windows if of_input else o) * 16
            slots = o * windows * 16
            work = [slots, i * s * s * 16, visits, patch * visits, patch * slots * w["detail"],
                    i * o * k * k]
            labels = ["slot", "element", "visit", "patch", "product", "weight"]
        rows, _ = groups.setdefault((w["way"], w["pass"]), ([], labels))
        rows.append((cycles, work))
    for (way, of_pass), (rows, labels) in groups.items():
        fit(way + " " + of_pass, rows, labels)


if __name__ == "__main__":
    main()
