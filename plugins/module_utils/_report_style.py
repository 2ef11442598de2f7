# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""How the page of a report looks: light and dark, wide and narrow, on screen and on paper; CSS, and nothing else."""

from __future__ import annotations

# Every colour of a text is readable (4.5 to 1 at least) on the background and on the cards, in both schemes.
STYLE = """
:root{color-scheme:light dark;--page:#f4f6f8;--card:#fff;--ink:#1b2129;--quiet:#55606d;--line:#d9dfe5;--track:#edf0f3;
--good:#17692f;--calm:#17599c;--part:#875200;--bad:#b3211a;--idle:#5a6470;
--good-back:#e3f3e7;--calm-back:#e4eef9;--part-back:#fcf0dc;--bad-back:#fce7e5;--idle-back:#eceff2;
--good-bar:#3aa865;--calm-bar:#4a8fd0;--part-bar:#f2a93b;--bad-bar:#d9362c;--idle-bar:#8b95a1}
@media screen and (prefers-color-scheme:dark){
:root{--page:#12161b;--card:#1a2027;--ink:#e7ebef;--quiet:#a6b0bb;--line:#313a44;--track:#252d36;
--good:#6fd08b;--calm:#7fbaf6;--part:#f2b956;--bad:#ff8f86;--idle:#a6b0bb;
--good-back:#183323;--calm-back:#172e47;--part-back:#3a2c12;--bad-back:#43201f;--idle-back:#262d35;
--good-bar:#4fae6e;--calm-bar:#5c9de0;--part-bar:#f2b956;--bad-bar:#ff6b60;--idle-bar:#7d8894}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,"Segoe UI",Roboto,Arial,sans-serif;
overflow-wrap:anywhere}
main,header,footer{max-width:1180px;margin:0 auto;padding:0 20px}
h1,h2,h3,p,dl,ol,ul{margin:0}
h2{font-size:1.2rem;margin:0 0 .6rem}
h3{font-size:1rem}
section.of-part{background:var(--back);border-left:8px solid var(--tone)}
section,header .verdict{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;
margin:16px 0}
header .verdict{margin-top:24px;border:0;padding:24px 26px;background:var(--back);border-left:8px solid var(--tone)}
h1{font-size:2rem;line-height:1.2;color:var(--tone);margin:.1em 0 .3em}
.lead{font-size:1.15rem}
.quiet,footer{color:var(--quiet)}
.over{font-weight:600}
.of-good{--tone:var(--good);--back:var(--good-back)}.of-calm{--tone:var(--calm);--back:var(--calm-back)}
.of-part{--tone:var(--part);--back:var(--part-back)}.of-bad{--tone:var(--bad);--back:var(--bad-back)}
.of-idle{--tone:var(--idle);--back:var(--idle-back)}
.good{color:var(--good);fill:var(--good-bar)}.calm{color:var(--calm);fill:var(--calm-bar)}
.part{color:var(--part);fill:var(--part-bar)}.bad{color:var(--bad);fill:var(--bad-bar)}
.idle{color:var(--idle);fill:var(--idle-bar)}.back{fill:var(--track)}
.next{border-left:8px solid var(--calm)}
.next ol{padding-left:1.3em}.next li{margin:.2em 0}
.next.one ol{list-style:none;padding:0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:12px}
.tile{background:var(--back);border-radius:8px;padding:10px 14px}
.tile b{display:block;font-size:1.7rem;line-height:1.2;color:var(--tone)}
.stack{display:block;width:100%;margin:14px 0 6px;border-radius:4px}
.cause{border:1px solid var(--line);border-left:5px solid var(--tone);border-radius:8px;padding:12px 16px;
margin:12px 0 0;break-inside:avoid-page}
.cause h3{margin-bottom:.3em}
.cause ul,td ul{columns:24rem;column-gap:28px;padding:0;list-style:none;margin:.3em 0 0}
td ul{columns:12rem;margin:0}.cause li{break-inside:avoid}
.name>bdi{display:inline-block;max-width:100%;max-height:6em;overflow:hidden;vertical-align:top}
code{font:.85em ui-monospace,Consolas,monospace}
table{border-collapse:collapse;width:100%;table-layout:fixed}
th,td{text-align:left;vertical-align:top;padding:6px 14px 6px 0;border-bottom:1px solid var(--line)}
.gates th:nth-child(1){width:19%}.gates th:nth-child(2){width:10%}.gates th:nth-child(3){width:28%}
.gates th:nth-child(5){width:8%}
thead th{color:var(--quiet);font-weight:600;white-space:nowrap}
tbody th{font-weight:600;width:22%}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 20px}
dt{color:var(--quiet)}dd{margin:0}
details>summary{cursor:pointer}
summary:focus-visible{outline:2px solid var(--calm);outline-offset:2px;border-radius:4px}
.more>summary{color:var(--calm);padding:4px 0}
.row{display:grid;grid-template-columns:minmax(0,23%) minmax(0,1fr) minmax(0,27%);gap:2px 16px;align-items:center;
padding:3px 0}
.row .outcome{font-size:.9rem}
.head{position:sticky;top:0;background:var(--card);z-index:1;padding-top:6px}
.block{border-top:1px solid var(--line);padding:8px 0}
summary.row{list-style:none}
summary.row::-webkit-details-marker{display:none}
.cluster .name{padding-left:18px}
summary.cluster .name::before{content:"\\25b8";display:inline-block;width:14px;margin-left:-14px;color:var(--quiet)}
details[open]>summary.cluster .name::before{content:"\\25be"}
summary.cluster:hover{background:var(--track)}
.cluster,.host{align-items:start}.cluster>.bar,.host>.bar{margin-top:4px}
.host .name{padding-left:26px;font-size:.92rem}
.hosts{position:relative;margin:2px 0 8px}
.hosts::before{content:"";position:absolute;inset:0 auto 0 8px;border-left:2px solid var(--line)}
.note{color:var(--quiet);font-size:.9rem;padding-left:24px}
.problem{padding:2px 0 2px 18px}
svg{display:block;width:100%}
.bar{height:14px;background:var(--track);border-radius:3px}
.wave>.bar{background:none;height:auto}
.bar rect{rx:2px;stroke:currentColor;stroke-width:.5px}
.bar .part,.bar .bad{stroke:var(--ink);stroke-width:1.4px}
.bar .back{stroke:none}
.bar .open{fill-opacity:.45;stroke-dasharray:4 3}
.axis text{font-size:12px;fill:var(--quiet)}.axis .day{font-size:10.5px}.axis line{stroke:var(--quiet)}
.tag{background:var(--part-back);color:var(--part);border-radius:99px;padding:1px 9px;font-size:.8rem;font-weight:600}
.legend b{margin-right:14px;font-weight:600;font-size:.9rem}
footer{padding-bottom:32px;font-size:.9rem}
@media (max-width:720px){
body{font-size:14px}
main,header,footer{padding:0 10px}
section{padding:14px}
header .verdict{padding:18px;margin-top:10px}
h1{font-size:1.6rem}
.row{grid-template-columns:minmax(0,1fr)}
.head .name{display:none}
i{display:none}
.cluster,.host{padding:6px 0}
dl{grid-template-columns:minmax(0,1fr)}dd{margin-bottom:6px}
thead{position:absolute;clip-path:inset(50%);height:1px;overflow:hidden}
tr,th,tbody th,.gates th:nth-child(1),td{display:block;width:auto;border:0;padding:1px 0}
tbody tr{border-bottom:1px solid var(--line);padding:8px 0}
td:empty{display:none}
td[data-head]::before{content:attr(data-head) ": ";color:var(--quiet)}
}
@media print{
:root{--page:#fff}
body{font-size:10.5pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}
main,header,footer{max-width:none;padding:0}
section,.cause,.row,.tile{break-inside:avoid-page}
section.long{break-inside:auto}
h2,h3,.head,.wave,summary{break-after:avoid-page}
.head{position:static}
details::details-content{content-visibility:visible;block-size:auto}
summary{list-style:none}
summary.cluster .name::before{content:"\\25be"}
.row{grid-template-columns:minmax(0,29%) minmax(0,1fr) minmax(0,31%);gap:0 12px;padding:1px 0}
.row .outcome,.host .name,.note{font-size:8pt;line-height:1.4}
.hint{display:none}
a{color:inherit}
}
"""
