// A crosshair shared by all rows of a chart. Without this script nothing is lost but the readout.
"use strict";

function nearest(sorted, x) {
  let low = 0;
  let high = sorted.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < x) low = middle;
    else high = middle;
  }
  return x - sorted[low] < sorted[high] - x ? low : high;
}

function crosshair(chart) {
  const samples = JSON.parse(document.getElementById(chart.dataset.samples).textContent);
  const rows = [...chart.querySelectorAll(".row.plot")].map((row, at) => ({
    ...samples.rows[at],
    dot: row.querySelector(".dot"),
    readout: row.querySelector("output"),
  }));
  const lines = chart.querySelectorAll(".cross");
  const plot = chart.querySelector(".row.plot > svg");
  const clock = chart.querySelector(".clock");
  let stop = samples.moments.length - 1;

  function show(at) {
    stop = Math.max(0, Math.min(samples.moments.length - 1, at));
    const x = samples.moments[stop];
    for (const line of lines) {
      line.setAttribute("x1", `${x}%`);
      line.setAttribute("x2", `${x}%`);
    }
    for (const row of rows) {
      const sample = nearest(row.x, x);
      const height = row.y[sample];
      row.readout.textContent = row.labels[sample];
      row.dot.setAttribute("cx", `${row.x[sample]}%`);
      row.dot.setAttribute("cy", `${height ?? 0}%`);
      row.dot.classList.toggle("gap", height === null);
    }
    const left = plot.getBoundingClientRect().left - chart.getBoundingClientRect().left;
    clock.hidden = false;
    clock.textContent = samples.clock[stop];
    const centre = left + (plot.clientWidth || plot.getBoundingClientRect().width) * (x / 100);
    const room = chart.clientWidth - clock.offsetWidth;
    clock.style.left = `${Math.max(0, Math.min(room, centre - clock.offsetWidth / 2))}px`;
    chart.classList.add("reading");
  }

  function hide() {
    clock.hidden = true;
    chart.classList.remove("reading");
  }

  chart.addEventListener("pointermove", (event) => {
    const box = plot.getBoundingClientRect();
    show(nearest(samples.moments, (100 * (event.clientX - box.left)) / box.width));
  });
  chart.addEventListener("pointerleave", hide);
  chart.addEventListener("blur", hide);
  chart.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") hide();
    if (!move) return;
    event.preventDefault();
    show(stop + move);
  });
}

document.querySelectorAll(".chart").forEach(crosshair);
