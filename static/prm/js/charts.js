// Charts: draws each <figure data-chart> with Vega when it comes into view, again when the colours change.
// The Vega files are large, so they are fetched only on a page that has a chart.
(function () {
  "use strict";
  var loading = null;
  var theme = null;

  function script(address) {
    return new Promise(function (resolve, reject) {
      var tag = document.createElement("script");
      tag.src = address;
      tag.async = false;
      tag.onload = resolve;
      tag.onerror = reject;
      document.head.append(tag);
    });
  }
  function ready(figure) {
    if (!loading) {
      var files = figure.dataset.scripts.split(" ");
      loading = Promise.all(files.map(script).concat([
        fetch(figure.dataset.theme).then(function (response) { return response.json(); }).then(function (data) { theme = data; }),
      ]));
    }
    return loading;
  }
  function config() {
    var mode = document.documentElement.dataset.bsTheme === "dark" ? "dark" : "light";
    var names = Object.assign({}, theme.tokens[mode]);
    var probe = getComputedStyle(document.querySelector(".chart-probe"));
    names.main = probe.color;             // the brand's colour
    names.soft = probe.backgroundColor;   // and its tints
    names.second = probe.borderTopColor;
    names.wash = probe.outlineColor;
    names.paper = probe.caretColor;
    names.font = theme.fonts[mode];
    var drawn = JSON.parse(JSON.stringify(theme.config), function (_key, value) {
      return typeof value === "string" && value[0] === "@" ? names[value.slice(1)] || value : value;
    });
    drawn.axisX = Object.assign({}, drawn.axisX, { labelOverlap: true }); // a phone has no room for twelve months
    return drawn;
  }
  function draw(figure) {
    return ready(figure).then(function () {
      var spec = JSON.parse(document.getElementById(figure.dataset.chart).textContent);
      var box = figure.querySelector(".chart-box");
      var place = document.createElement("div");
      place.className = "vega-embed";
      var old = box.querySelector(".vega-embed");
      // measured inside the box, shown when drawn: the space below keeps the height meanwhile
      box.append(place);
      fit(spec, box.clientWidth);
      figure.dataset.width = String(box.clientWidth);
      return window.vegaEmbed(place, spec, {
        actions: false,
        ast: true,
        renderer: "svg",
        defaultStyle: false,
        config: config(),
        tooltip: { disableDefaultStyle: true },
        loader: { load: function () { return Promise.reject(new Error("a chart loads nothing")); } },
      }).then(function (result) {
        if (figure.chartView) figure.chartView.finalize();
        figure.chartView = result.view;
        if (old) old.remove();
        var space = box.querySelector(".chart-space");
        if (space) space.remove();
        figure.dataset.drawn = "1";
      });
    }).catch(function (error) {
      // without the drawing the table is the chart
      var table = figure.querySelector("details");
      if (table) table.open = true;
      figure.dataset.failed = String(error);
    });
  }

  // A spec that keeps room for its own labels says so as padding, outside of its width.
  function fit(spec, room) {
    var padding = spec.padding || 0;
    var sides = typeof padding === "number" ? 2 * padding : (padding.left || 0) + (padding.right || 0);
    var outside = spec.autosize && spec.autosize.type === "none";
    spec.width = Math.max(Math.floor(outside ? room - sides : room), 40);
  }
  var resized = new ResizeObserver(function (entries) {
    entries.forEach(function (entry) {
      var figure = entry.target.closest("figure");
      if (!figure.dataset.drawn || Math.abs(entry.contentRect.width - Number(figure.dataset.width)) < 8) return;
      clearTimeout(figure.redraw);
      figure.redraw = setTimeout(function () { draw(figure); }, 150);
    });
  });

  var watcher = new IntersectionObserver(function (entries) {
    entries.forEach(function (entry) {
      if (!entry.isIntersecting) return;
      watcher.unobserve(entry.target);
      draw(entry.target);
    });
  }, { rootMargin: "300px" });

  function find(scope) {
    scope.querySelectorAll("figure[data-chart]:not([data-seen])").forEach(function (figure) {
      figure.dataset.seen = "1";
      watcher.observe(figure);
      resized.observe(figure.querySelector(".chart-box"));
    });
  }
  document.addEventListener("DOMContentLoaded", function () { find(document); });
  document.addEventListener("htmx:load", function (event) { find(event.detail.elt.parentNode || document); });
  document.addEventListener("prm:theme", function () {
    document.querySelectorAll("figure[data-drawn]").forEach(draw);
  });
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("figure[data-chart]:not([data-drawn])").forEach(draw);
  });
})();
