"""Bank holidays without the network: the list that the govuk-bank-holidays package carries.

It reaches a few years ahead; the folder's holidays.csv adds days of a place's own.
"""

from datetime import date

from govuk_bank_holidays.bank_holidays import BankHolidays


def bank_holidays(division: str = "england-and-wales") -> dict[date, str]:
    """Bank holidays of one division by day, as far as the package knows them."""
    known = BankHolidays(use_cached_holidays=True)
    return {holiday["date"]: holiday["title"] for holiday in known.get_holidays(division=division)}
