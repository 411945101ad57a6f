"""How the page looks: light and dark, on paper, and on a screen of 360 pixels. No font and no picture is loaded."""

from __future__ import annotations

LIGHT = {
    "paper": "#ffffff",
    "panel": "#f4f6f8",
    "ink": "#1b2430",
    "muted": "#566170",
    "line": "#c9d0d9",
    "accent": "#1f5fbf",
    "base": "#9a4a12",
    "good": "#1d6b3a",
    "bad": "#a3262a",
    "loud": "#fff0c2",
    "loud-ink": "#553d00",
}
"""Colours by what they are for."""
DARK = {
    "paper": "#12161c",
    "panel": "#1b212a",
    "ink": "#e6eaf0",
    "muted": "#a6b0bd",
    "line": "#3a4452",
    "accent": "#86b6ff",
    "base": "#f2a566",
    "good": "#74d29a",
    "bad": "#ff9a97",
    "loud": "#4a3a00",
    "loud-ink": "#ffe9a8",
}
"""The same where the reader's system is dark."""

_RULES = """
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
header,main,footer,nav{max-width:68rem;margin:0 auto;padding:0 1rem}
h1{font-size:1.6rem;line-height:1.25;margin:1.2rem 0 .3rem}
h2{font-size:1.25rem;margin:0 0 .6rem}h3{font-size:1.02rem;margin:1.2rem 0 .4rem}
section{border-top:1px solid var(--line);padding:1.4rem 0}
p{max-width:46rem;margin:.5rem 0}
.note,.meta,figcaption,nav{color:var(--muted);font-size:.9rem}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1rem;padding:0;margin:.6rem 0}
a{color:var(--accent)}
.verdict{font-size:1.3rem;font-weight:650;margin:0 0 .6rem}
.lead{font-size:1.08rem;white-space:pre-line}
.loud{background:var(--loud);color:var(--loud-ink);border:2px solid currentColor;border-radius:6px;padding:.7rem .9rem;
margin:.8rem 0;max-width:none}
.loud strong{text-transform:uppercase;letter-spacing:.04em}
dl.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.7rem;margin:1rem 0}
dl.figures div{background:var(--panel);border-radius:6px;padding:.5rem .7rem}
dl.figures dt{color:var(--muted);font-size:.85rem}dl.figures dd{margin:0;font-weight:600}
.wide{overflow-x:auto;max-width:100%;position:relative}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
table{border-collapse:collapse;overflow-wrap:break-word;font-size:.92rem;width:100%}
caption{text-align:left;font-weight:600;padding:.3rem 0}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line)}
thead th{color:var(--muted);font-weight:600;white-space:nowrap}tbody th{font-weight:400}
.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.name{min-width:13rem;overflow-wrap:anywhere}.range{white-space:nowrap}
th button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer;text-decoration:underline dotted}
th[aria-sort=ascending] button::after{content:" ↑"}th[aria-sort=descending] button::after{content:" ↓"}
button.all{font:inherit;font-size:.9rem;padding:.3rem .7rem;border:1px solid var(--line);border-radius:6px;background:var(--panel);
color:var(--ink)}
pre,code{font:.88rem/1.45 ui-monospace,monospace}
pre{background:var(--panel);border-radius:6px;padding:.7rem .9rem;overflow-x:auto;max-width:100%;margin:.5rem 0}
pre.flow{white-space:pre-wrap;max-height:24rem;overflow-y:auto}
.added{color:var(--good)}.removed{color:var(--bad)}
.right{color:var(--good);font-weight:600}.wrong{color:var(--bad);font-weight:600}
.tag{display:inline-block;border:1px solid currentColor;border-radius:4px;font-size:.8rem;padding:0 .3rem;margin:0 .3rem 0 0}
details{margin:.4rem 0}summary{cursor:pointer}
details.item{border:1px solid var(--line);border-radius:6px;padding:.4rem .7rem}
details.item>summary{font-weight:600}details.item details{margin-left:.8rem}
figure{margin:.8rem 0}svg.chart{display:block;width:100%;max-width:42rem;height:auto}
.chart text{fill:var(--ink);font:12px system-ui,sans-serif}.chart .faint{fill:var(--muted)}
.chart .grid{stroke:var(--line);stroke-width:1}.chart .axis{stroke:var(--muted);stroke-width:1}
.chart .step,.chart .ends{fill:none;stroke:var(--accent);stroke-width:1.6}.chart .ends{stroke-width:1.2}
.chart .area{fill:none;stroke:var(--base);stroke-width:1.6;stroke-dasharray:6 3}
.chart .other{fill:none;stroke:var(--muted);stroke-width:1}.chart .front{fill:var(--accent);stroke:var(--paper);stroke-width:1}
.chart .baseline{fill:var(--base);stroke:var(--paper);stroke-width:1}.chart .ends.of-baseline{stroke:var(--base)}
.chart .tie{fill:none;stroke:var(--good);stroke-width:2}.chart .of-other{stroke:var(--muted)}
svg.chart.key{display:inline-block;width:18px;height:14px;vertical-align:-2px}
ul.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1rem;padding:0;margin:.3rem 0;font-size:.9rem}
svg.strip{display:block;width:100%;min-width:6rem;height:16px}
.strip rect{fill:var(--accent)}.strip line{stroke:var(--accent);stroke-width:2}.strip .rail{stroke:var(--line);stroke-width:1}
.picture{background:#fff;border-radius:6px;padding:.4rem}.picture img{display:block;max-width:none}
@media (max-width:40rem){.chart text{font-size:15px}.name{min-width:11rem}body{font-size:15px}h1{font-size:1.35rem}}
@media print{nav,button.all{display:none}section{break-inside:auto}figure,tr{break-inside:avoid}.wide,pre{overflow:visible}
pre,pre.flow{white-space:pre-wrap;max-height:none}body{font-size:11px}.picture img{max-width:100%}
thead th{white-space:normal}.name{min-width:0}}
"""


def style() -> str:
    """The style sheet."""
    light, dark = _colors(LIGHT), _colors(DARK)
    # Paper is white: what is printed takes the light colours also where the screen is dark.
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}{_RULES}"


def _colors(colors: dict[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in colors.items())
