"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const map = document.getElementById("map"), tip = document.getElementById("tip");
  const filter = document.getElementById("filter"), shown = document.getElementById("shown");
  const make = (name, attributes, parent) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    parent.append(node);
    return node;
  };
  const radius = Math.max(1.4, Math.min(6, 110 / Math.sqrt(data.points.length)));
  const discs = make("g", {}, map), dots = make("g", {}, map), names = make("g", {}, map);
  data.discs.forEach(([x, y, r], j) => make("circle", { class: "disc", cx: x, cy: y, r: r, "data-theme": j }, discs));
  const nodes = data.points.map(([x, y, theme, broad], i) => {
    const colour = theme < 0 ? "cx" : "c" + (data.groups[0].key === "b" ? broad : theme) % 12;
    return make("circle", { class: "p " + colour, cx: x, cy: y, r: radius, "data-i": i }, dots);
  });

  const label = () => {
    if (!map.clientWidth) return;
    names.replaceChildren();
    const unit = 1000 / map.clientWidth, size = 12.5 * unit, boxes = [];
    [...data.discs].sort((a, b) => b[2] - a[2]).forEach(([x, y, r, name]) => {
      const width = [...name].reduce((sum, c) => sum + (c > "\u1100" ? 1 : 0.6), 0) * size;
      const left = Math.min(Math.max(x, width / 2 + 2), 998 - width / 2);
      const base = Math.max(y - r - size * 0.3, size);
      const box = [left - width / 2, base - size, left + width / 2, base + size * 0.2];
      if (boxes.some((b) => box[0] < b[2] && b[0] < box[2] && box[1] < b[3] && b[1] < box[3])) return;
      boxes.push(box);
      const text = make("text", { x: left, y: base, "font-size": size, "stroke-width": size / 3 }, names);
      text.textContent = name;
    });
  };

  const holds = (point, choice) => {
    if (!choice) return true;
    const [g, n] = choice.split("/").map(Number), group = data.groups[g];
    if (group.key === "t") return point[2] === n;
    if (group.key === "b") return point[3] === n;
    return point[5][group.key].split("; ").includes(group.names[n]);
  };
  const apply = () => {
    let count = 0;
    data.points.forEach((point, i) => {
      const on = holds(point, filter.value);
      count += on;
      nodes[i].classList.toggle("off", !on);
    });
    shown.textContent = count.toLocaleString() + data.shown;
  };
  filter.append(new Option(data.all, ""));
  data.groups.forEach((group, g) => {
    const list = document.createElement("optgroup");
    list.label = group.title;
    group.names.forEach((name, n) => list.append(new Option(name, g + "/" + n)));
    filter.append(list);
  });
  filter.addEventListener("change", apply);

  const show = (event) => {
    const i = event.target.getAttribute && event.target.getAttribute("data-i");
    if (i === null || i === undefined) { tip.hidden = true; return; }
    const [, , theme, , text, labels] = data.points[i];
    const head = document.createElement("b");
    head.textContent = [theme < 0 ? data.other : data.themes[theme], ...labels.filter(Boolean)].join(" · ");
    tip.replaceChildren(head, document.createTextNode(text));
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const x = Math.min(event.clientX + 14, innerWidth - box.width - 8);
    const y = event.clientY + 18 + box.height > innerHeight ? event.clientY - box.height - 12 : event.clientY + 18;
    tip.style.left = Math.max(8, x) + "px";
    tip.style.top = Math.max(8, y) + "px";
  };
  map.addEventListener("pointermove", show);
  map.addEventListener("pointerdown", show);
  map.addEventListener("pointerleave", () => { tip.hidden = true; });
  addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
  new ResizeObserver(label).observe(map);
  apply();
})();
