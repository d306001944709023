/* Draws each figure's table as a chart above it. The table holds the figures and stays for whoever reads
   tables; without this script it is all there is. Texts come from the table, so they are translated. */
(function () {
  "use strict";

  var COLOURS = ["#1f5f8b", "#b5651d", "#4d7c3a", "#7a4a8c"];
  /* In pixels: a figure as on a phone, which has room for so many characters beside its bars, and the height
     of a line, of the space between two bars, and of the axis below. */
  var NARROW = 480, CHARACTERS = 18, LINE = 15, SPACE = 10, AXIS = 40;
  var PIECES = new RegExp(".{1," + CHARACTERS + "}", "g");

  function cells(row, selector) {
    return Array.prototype.slice.call(row.querySelectorAll(selector));
  }

  function number(cell) {
    return cell.dataset.value === "" ? null : Number(cell.dataset.value);
  }

  function lines(label) {
    var broken = [];
    label.split(/\s+/).forEach(function (word) {
      var last = broken.length - 1;
      if (last >= 0 && (broken[last] + " " + word).length <= CHARACTERS) {
        broken[last] += " " + word;
      } else {
        broken = broken.concat(word.match(PIECES) || []);
      }
    });
    return broken;
  }

  function draw(figure) {
    var table = figure.querySelector("table");
    var rows = cells(table, "tbody tr");
    var headings = cells(table, "thead th").slice(1);
    var isPercent = figure.dataset.unit === "%";
    var canvas = document.createElement("canvas");
    var holder = document.createElement("div");
    holder.className = "pingpayments-canvas";
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", figure.querySelector("figcaption").textContent.trim());
    holder.appendChild(canvas);
    figure.insertBefore(holder, figure.querySelector("details"));

    var datasets = headings.map(function (heading, index) {
      return {
        label: heading.textContent.trim(),
        data: rows.map(function (row) { return number(cells(row, "td")[index]); }),
        backgroundColor: COLOURS[index % COLOURS.length],
        borderColor: COLOURS[index % COLOURS.length],
        borderWidth: figure.dataset.chart === "line" ? 2 : 0,
        pointRadius: rows.length > 31 ? 0 : 2,
        maxBarThickness: 36,
        spanGaps: false
      };
    });
    var values = {
      beginAtZero: true,
      suggestedMax: isPercent ? 100 : undefined,
      ticks: { precision: 0, callback: isPercent ? function (value) { return value + " %"; } : undefined }
    };
    if (!isPercent) {
      delete values.ticks.callback;
    }
    var lies = figure.dataset.chart === "lying";
    var labels = rows.map(function (row) { return row.querySelector("th").textContent.trim(); });
    if (lies && figure.clientWidth < NARROW) {
      labels = labels.map(lines);
      var most = Math.max.apply(null, labels.map(function (label) { return label.length; }));
      holder.style.minHeight = labels.length * (most * LINE + SPACE) + AXIS + "px";
    }
    new window.Chart(canvas, {
      type: figure.dataset.chart === "line" ? "line" : "bar",
      data: {
        labels: labels,
        datasets: datasets
      },
      options: {
        animation: false,
        maintainAspectRatio: false,
        indexAxis: lies ? "y" : "x",
        plugins: { legend: { display: datasets.length > 1 } },
        scales: lies
          ? { x: values, y: { grid: { display: false }, ticks: { autoSkip: false } } }
          : { x: { grid: { display: false }, ticks: { maxRotation: 0, autoSkipPadding: 12 } }, y: values }
      }
    });
  }

  if (window.Chart) {
    Array.prototype.forEach.call(document.querySelectorAll("[data-chart]"), draw);
  }
}());
