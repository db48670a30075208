// The style sheet of report.html.
#pragma once

#include <string_view>

namespace fovea {

inline constexpr std::string_view report_style = R"(
:root{color-scheme:light dark;--page:#f6f8fa;--card:#fff;--text:#1f2328;--muted:#59636e;--line:#d8dee4;--accent:#0969da}
@media screen and (prefers-color-scheme:dark){
:root{--page:#010409;--card:#0d1117;--text:#e6edf3;--muted:#9198a1;--line:#2b323b;--accent:#58a6ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1120px;margin:0 auto;padding:40px 20px 64px}
h1{margin:0;font-size:30px;line-height:1.2;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{margin:44px 0 14px;font-size:20px;line-height:1.3}
.subtitle{margin:8px 0 0;color:var(--muted)}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(160px,1fr));gap:12px;margin:28px 0 0}
.figures div{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px 16px}
.figures dt{color:var(--muted);font-size:13px}
.figures dd{margin:2px 0 0;font-size:21px;font-weight:600;line-height:1.25;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,500px),1fr));gap:16px}
figure{margin:0 0 16px}
.charts figure{margin:0}
figure svg,figure img{display:block;max-width:100%;height:auto}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px;overflow-x:auto}
figcaption{margin:8px 2px 0;color:var(--muted);font-size:14px}
figcaption b{color:var(--text);font-weight:600}
table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums}
th,td{padding:5px 14px;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
thead th{position:sticky;top:0;background:var(--card);color:var(--muted);font-weight:600}
tbody tr:last-child>*{border-bottom:0}
.epochs{max-height:480px;overflow:auto}
.epochs table{width:100%}
.options th,.options td{text-align:left;white-space:normal;overflow-wrap:anywhere}
.options th{color:var(--muted);font-weight:400}
pre,.options th,.options td{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:13px}
pre{margin:0;line-height:1.5;overflow-x:auto}
li{margin:4px 0}
@media print{
body{background:#fff;font-size:11pt}
main{max-width:none;padding:0}
.card,.figures div{break-inside:avoid}
.epochs{max-height:none;overflow:visible;break-inside:auto}
figure{break-inside:avoid}
h2{break-after:avoid}
thead th{position:static}
pre{white-space:pre-wrap}
}
)";

}  // namespace fovea
