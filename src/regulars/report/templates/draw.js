(function () {
  "use strict";
  var figures = JSON.parse(document.getElementById("figures").textContent);
  var places = Array.prototype.slice.call(document.querySelectorAll("[data-chart]"));
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  var config = { displayModeBar: false, responsive: true, showTips: false };
  var PRINT_WIDTH = 670;

  function ink(onPaper) { return dark.matches && !onPaper ? "#e8ebee" : "#1b1f24"; }

  /* a narrow screen stacks the legend, and has no room for figures in cells */
  function fit(place, figure) {
    if (place.clientWidth >= 460) { return; }
    var shown = figure.data.filter(function (trace) { return trace.name && trace.showlegend !== false; });
    if (figure.layout.showlegend !== false && shown.length > 2 && shown.length < 9) {
      figure.layout.height += 13 * shown.length;
      place.style.height = figure.layout.height + "px";
    }
    (figure.layout.annotations || []).forEach(function (note) {
      if (note.text.length > 54) { note.text = note.text.slice(0, 52).replace(/\s+\S*$/, "") + " \u2026"; }
    });
    figure.data.forEach(function (trace) { if (trace.type === "heatmap") { delete trace.texttemplate; } });
  }

  function draw(place) {
    var figure = figures[place.getAttribute("data-chart")];
    figure.layout.font.color = ink(false);
    fit(place, figure);
    return Plotly.newPlot(place, figure.data, figure.layout, config);
  }

  /* one chart at a time, so that a phone can scroll while the rest is drawn */
  var waiting = places.slice();
  function next() {
    if (!waiting.length) { document.documentElement.setAttribute("data-drawn", "yes"); return; }
    draw(waiting.shift());
    window.setTimeout(next, 0);
  }

  function restyle(change) { places.forEach(function (place) {
    if (place.classList.contains("js-plotly-plot")) { Plotly.relayout(place, change); }
  }); }

  window.addEventListener("beforeprint", function () {
    while (waiting.length) { draw(waiting.shift()); }
    /* twice: the second time round the legend's own height is known */
    restyle({ width: PRINT_WIDTH, "font.color": ink(true) });
    restyle({ width: PRINT_WIDTH });
  });
  window.addEventListener("afterprint", function () {
    restyle({ width: null, autosize: true, "font.color": ink(false) });
  });
  dark.addEventListener("change", function () { restyle({ "font.color": ink(false) }); });
  next();
}());
