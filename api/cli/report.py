"""`tollbook report`: an operator's report, on standard output or into a file."""

from pathlib import Path
from typing import Annotated, Literal

import httpx
import orjson
import typer

from api.cli.admin_call import ask, download
from api.cli.options import DataDir, load
from projections.exports.whole_file import WholeFile
from projections.reports.catalogue import REPORTS

CSV = "csv"

Name = Annotated[str, typer.Argument(help=f"One of {', '.join(REPORTS)}.")]
Customer = Annotated[str | None, typer.Option(help="About this customer only.")]
From = Annotated[str | None, typer.Option("--from", help="The first month, such as 2026-11.")]
To = Annotated[str | None, typer.Option(help="The last month. Default: the current one.")]
By = Annotated[str | None, typer.Option(help="all or customer. Default: all.")]
Format = Annotated[Literal["json", "csv"], typer.Option("--format", help="json or csv.")]
Config = Annotated[Path | None, typer.Option(help="The catalogue, which names today's margins.")]
Out = Annotated[Path | None, typer.Option(help="A file to write. Default: standard output.")]


def report(
    name: Name,
    *,
    customer: Customer = None,
    since: From = None,
    to: To = None,
    by: By = None,
    form: Format = "json",
    out: Out = None,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Draw a report: of credit, holds, corrections, revenue, balances, or of estimates."""
    settings = load(config=config, data_dir=data_dir)
    given = {"customer_id": customer, "from": since, "to": to, "by": by}
    query = httpx.QueryParams({key: value for key, value in given.items() if value is not None})
    if form == CSV:
        content = download(settings, f"/reports/{name}.csv?{query}")
    else:
        drawn = ask(settings, "GET", f"/reports/{name}?{query}")
        content = orjson.dumps(drawn, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if out is None:
        typer.echo(content, nl=False)
        return
    with WholeFile(out, replace=True) as file:
        file.write(content)
