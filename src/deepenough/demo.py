"""The thesis in three minutes, on real data that ships with scikit-learn."""

from __future__ import annotations

from pathlib import Path

from deepenough.files import write_text

COMMANDS = (
    (
        "1. Is a tumour benign? 569 patients, 30 measurements. Nine of ten right is good enough: which model gets there?",
        (
            "run",
            "{folder}/breast_cancer.csv",
            "--target",
            "benign",
            "--bar",
            "accuracy >= 0.9",
            "--out",
            "{folder}/runs/breast_cancer",
            "--overwrite",
        ),
    ),
    (
        "2. Which digit was written? 1,797 pictures of 8 x 8 points. How good can it get, and is a network worth it?",
        (
            "run",
            "{folder}/digits.csv",
            "--target",
            "digit",
            "--metric",
            "accuracy",
            "--out",
            "{folder}/runs/digits",
            "--overwrite",
        ),
    ),
)


def write_tables(folder: Path) -> None:
    """Write breast_cancer.csv and digits.csv, as a user would bring them."""
    from sklearn.datasets import load_breast_cancer, load_digits

    cancer = load_breast_cancer(as_frame=True).frame.rename(columns={"target": "benign"})
    cancer["benign"] = cancer["benign"].map({0: "no", 1: "yes"})
    digits = load_digits(as_frame=True).frame.rename(columns={"target": "digit"})
    for name, frame in (("breast_cancer", cancer), ("digits", digits)):
        write_text(folder / f"{name}.csv", frame.to_csv(index=False))
