# SPDX-License-Identifier: Apache-2.0
"""Boosted trees through XGBoost's own Python package, all threads in each fit: the depth (2, 4, 7) and the rounds with the
least held-out log loss over three folds, then a fit on all rows; or rows scored. The table is that of `ballast bench --only trees`;
in turns (turns.py).

usage: boosting.py search|score THREADS
"""
import sys

import numpy as np
import xgboost as xgb

from turns import take_turns

ROWS, COLUMNS, SCORED_ROWS = 1000, 20, 20000


def numbers(rows, columns):
    x = np.sin(np.outer(np.arange(1, rows + 1), columns + 1.0) * 12.9898) * 43758.5453
    return x - np.floor(x)


def table(rows):
    x = numbers(rows, np.arange(COLUMNS))
    odds = np.exp(4 * (x[:, 0] - 0.5) + 6 * (x[:, 1] * x[:, 2] - 0.25))
    return x, numbers(rows, np.array([COLUMNS]))[:, 0] < odds / (1 + odds)


def main():
    work, threads = sys.argv[1], int(sys.argv[2])
    parameters = {"objective": "binary:logistic", "tree_method": "hist", "nthread": threads, "eta": 0.05, "subsample": 0.8,
                  "colsample_bytree": 0.8, "max_depth": 4, "seed": 42, "verbosity": 0}
    x, truth = table(ROWS)

    def search():
        data = xgb.DMatrix(x, truth, nthread=threads)
        found = []
        for depth in (2, 4, 7):
            losses = xgb.cv(dict(parameters, max_depth=depth), data, 1500, nfold=3, stratified=True, seed=42, metrics="logloss",
                            early_stopping_rounds=50, as_pandas=False)["test-logloss-mean"]
            found.append((min(losses), depth, losses.index(min(losses)) + 1))
        _, depth, rounds = min(found)
        xgb.train(dict(parameters, max_depth=depth), data, rounds)

    trees = xgb.train(parameters, xgb.DMatrix(x, truth, nthread=threads), 200)
    rows = table(SCORED_ROWS)[0]

    def score():
        trees.predict(xgb.DMatrix(rows, nthread=threads), output_margin=True)

    if work == "search":
        take_turns(1, "searches/s", search)
    else:
        take_turns(SCORED_ROWS, "rows/s", score)


main()
