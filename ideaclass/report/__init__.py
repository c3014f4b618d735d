"""A campaign in one page and one workbook."""

from ideaclass.report.make import Made, report_file

__all__ = ["Made", "report_file"]
