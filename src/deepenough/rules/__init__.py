"""The rules of an expert: a small language of conditions, read from rules.toml and held against a table's columns."""

from deepenough.rules._attaching import attach as attach
from deepenough.rules._attaching import bound as bound
from deepenough.rules._binding import Bound as Bound
from deepenough.rules._conditions import All as All
from deepenough.rules._conditions import Any as Any
from deepenough.rules._conditions import Code as Code
from deepenough.rules._conditions import Condition as Condition
from deepenough.rules._conditions import Missing as Missing
from deepenough.rules._conditions import Number as Number
from deepenough.rules._firing import firing as firing
from deepenough.rules._reading import Rule as Rule
from deepenough.rules._reading import Rules as Rules
from deepenough.rules._reading import located as located
from deepenough.rules._reading import read as read
