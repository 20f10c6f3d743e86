# SPDX-License-Identifier: Apache-2.0
"""The traditional way with texts: scikit-learn's TF-IDF (words 1-2, characters 2-5) and a logistic regression for each
kind of risk, trained on data/risk_sentences; texts scored a second, evidence and storing not included; in turns (turns.py).

usage: linear_text.py SENTENCES_FOLDER TEXTS
"""
import glob
import os
import sys

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MultiLabelBinarizer

from turns import take_turns


def sentences(folder):
    for path in sorted(glob.glob(os.path.join(folder, "*.tsv"))):
        with open(path, encoding="utf-8") as file:
            for line in file:
                kinds, _, _, _, text = line.rstrip("\n").split("\t")
                yield [kind for kind in kinds.split(",") if kind != "-"], text.replace("[[", "").replace("]]", "")


def main():
    folder, texts_file = sys.argv[1:]
    kinds, texts = zip(*sentences(folder))
    features = make_union(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
                          TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True))
    model = make_pipeline(features, OneVsRestClassifier(LogisticRegression(max_iter=200)))
    model.fit(texts, MultiLabelBinarizer().fit_transform(kinds))
    with open(texts_file, encoding="utf-8") as file:
        lines = file.read().splitlines()
    take_turns(len(lines), "documents/s", lambda: model.predict_proba(lines))


main()
