// The interactive half of a flame graph. It runs inside the SVG and needs nothing from outside.
// Before it stand `data`: [level, start, total] of each <g> in .frames, in the same order, which
// is preorder; and `layout`: the numbers by which flamegraph.c drew it.
// The fragment of the address keeps the view: #z=INDEX (zoomed frame) and #s=TEXT (search).
(() => {
	"use strict";
	const svg = document.currentScript.closest("svg");
	const standalone = svg === document.documentElement;
	const find = (name) => svg.querySelector("." + name);
	const SVG = "http://www.w3.org/2000/svg";
	const XHTML = "http://www.w3.org/1999/xhtml";

	const groups = [...find("frames").children];
	const frames = groups.map((group, i) => ({
		group,
		rect: group.querySelector("rect"),
		text: group.querySelector("text"),
		title: group.querySelector("title").textContent,
		name: group.querySelector("title").textContent.split("\n")[0],
		level: data[3 * i],
		start: data[3 * i + 1],
		total: data[3 * i + 2],
		parent: -1,
		end: groups.length, // the subtree is frames[i .. end - 1]
	}));
	const open = []; // ancestors of the frame at hand, by level
	frames.forEach((frame, i) => {
		while (open.length > frame.level)
			frames[open.pop()].end = i;
		frame.parent = open.length ? open[open.length - 1] : -1;
		open.push(i);
	});

	let zoomed = 0;
	let width = layout.width;

	function label(frame, room) {
		const name = frame.name.replace(/_\[[kij]\]$/, "");
		const characters = [...name];
		const fits = Math.floor((room - layout.textPadding) / layout.characterWidth);
		if (fits >= characters.length)
			return name;
		return fits < 3 ? "" : characters.slice(0, fits - 1).join("") + "…";
	}

	function boxTop(frame) {
		return Number(frame.rect.getAttribute("y"));
	}

	function showFrame(frame, x, room) {
		frame.group.classList.remove("hidden");
		frame.rect.setAttribute("x", x.toFixed(2));
		const gap = room > 4 * layout.gap ? layout.gap : 0;
		frame.rect.setAttribute("width", (room - gap).toFixed(2));
		const text = label(frame, room);
		if (!frame.text && text) {
			frame.text = document.createElementNS(SVG, "text");
			frame.text.setAttribute("y", boxTop(frame) + layout.baseline);
			frame.group.append(frame.text);
		}
		if (frame.text) {
			frame.text.setAttribute("x", (x + layout.textPadding / 2).toFixed(2));
			frame.text.textContent = text;
		}
	}

	function place() {
		const target = frames[zoomed];
		const scale = (width - 2 * layout.margin) / target.total;
		const ancestors = new Set();
		for (let i = target.parent; i >= 0; i = frames[i].parent)
			ancestors.add(i);
		frames.forEach((frame, i) => {
			const above = ancestors.has(i);
			const start = above ? 0 : frame.start - target.start;
			const room = (above ? target.total : frame.total) * scale;
			const inside = i >= zoomed && i < target.end;
			frame.group.classList.toggle("above", above);
			if (above || (inside && room >= layout.minWidth))
				showFrame(frame, layout.margin + start * scale, room);
			else
				frame.group.classList.add("hidden");
		});
		reset.disabled = zoomed === 0;
	}

	// A tall graph is scrolled so that the zoomed frame and some callers are at the edge of the root.
	function scrollToZoomed() {
		if (!standalone)
			return;
		if (layout.isInverted) {
			const upperEdge = boxTop(frames[zoomed]) - 3 * layout.rowHeight;
			window.scrollTo(0, zoomed ? upperEdge - layout.headerHeight : 0);
			return;
		}
		const lowerEdge = boxTop(frames[zoomed]) + 4 * layout.rowHeight;
		window.scrollTo(0, zoomed ? lowerEdge - window.innerHeight : svg.scrollHeight);
	}

	function zoom(i) {
		zoomed = i;
		place();
		scrollToZoomed();
		remember();
	}

	// Capitals are meant; without any, upper and lower case are alike.
	function expression(text) {
		const flags = text === text.toLowerCase() ? "iu" : "u";
		try {
			return new RegExp(text, flags);
		} catch {
			return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), flags);
		}
	}

	function search() {
		const pattern = input.value && expression(input.value);
		let sum = 0;
		let count = 0;
		let counted = 0; // frames before this index lie inside of a match that was summed
		frames.forEach((frame, i) => {
			const match = Boolean(pattern) && i > 0 && pattern.test(frame.name);
			frame.group.classList.toggle("match", match);
			if (!match)
				return;
			count++;
			if (i >= counted) {
				sum += frame.total;
				counted = frame.end;
			}
		});
		find("frames").classList.toggle("searching", Boolean(pattern));
		const share = (100 * sum / frames[0].total).toFixed(2);
		const noun = count === 1 ? "frame" : "frames";
		find("matched").textContent =
			pattern ? `matched: ${share} % of all, ${count} ${noun}` : "";
		clear.disabled = !pattern;
		remember();
	}

	function clearSearch() {
		input.value = "";
		search();
	}

	function describe(i) {
		find("details").classList.toggle("quiet", i < 0);
		find("details").textContent = i < 0
			? layout.hint
			: frames[i].title.split("\n").join("  ·  ");
	}

	function remember() {
		const state = new URLSearchParams();
		if (zoomed)
			state.set("z", zoomed);
		if (input.value)
			state.set("s", input.value);
		try {
			const here = location.pathname + location.search;
			history.replaceState(null, "", state.size ? "#" + state : here);
		} catch {
			// A sandboxed frame has no history of its own; the graph works without.
		}
	}

	function recall() {
		const state = new URLSearchParams(location.hash.slice(1));
		const index = Number(state.get("z"));
		zoomed = index > 0 && index < frames.length ? Math.floor(index) : 0;
		input.value = state.get("s") || "";
	}

	function element(name, attributes, text) {
		const node = document.createElementNS(XHTML, name);
		for (const [key, value] of Object.entries(attributes))
			node.setAttribute(key, value);
		if (text)
			node.textContent = text;
		return node;
	}

	// The tools are made here, not in the file: without scripts they could do nothing.
	const input = element("input", {
		type: "search",
		placeholder: "search (Ctrl-F)",
		"aria-label": "search functions",
		title: "a part of a function's name, or a regular expression; " +
			"capitals are meant when there are any",
	});
	const searchButton = element("button", { type: "submit" }, "Search");
	const clear = element(
		"button", { type: "button", title: "clear search (Escape)" }, "Clear");
	const reset = element(
		"button", { type: "button", title: "show the whole graph (Escape)" }, "Reset zoom");
	const tools = element("form", { class: "tools", role: "search" });
	const holder = document.createElementNS(SVG, "foreignObject");
	tools.append(input, searchButton, clear, reset);
	holder.append(tools);
	find("header").append(holder);
	holder.setAttribute("y", 3);
	holder.setAttribute("width", layout.toolsWidth);
	holder.setAttribute("height", 38);

	input.addEventListener("input", search);
	tools.addEventListener("submit", (event) => {
		event.preventDefault();
		search();
		if (!input.value)
			input.focus();
	});
	clear.addEventListener("click", clearSearch);
	reset.addEventListener("click", () => zoom(0));

	const indexOf = (target) => groups.indexOf(target.closest(".frames > g"));

	// One frame is in the tab order; the arrow keys hand that on.
	let current = 0;
	function focusFrame(i) {
		if (i < 0 || frames[i].group.classList.contains("hidden"))
			return;
		groups[current].removeAttribute("tabindex");
		current = i;
		groups[i].setAttribute("tabindex", "0");
		groups[i].setAttribute("role", "button");
		groups[i].focus({ preventScroll: true });
	}

	// The next frame of the same level on a side, whoever its caller is.
	function beside(i, step) {
		const isHidden = (j) => frames[j].group.classList.contains("hidden");
		for (let j = i + step; j >= 0 && j < frames.length; j += step)
			if (frames[j].level === frames[i].level && !isHidden(j))
				return j;
		return -1;
	}

	function widestCallee(i) {
		let best = -1;
		for (let j = i + 1; j < frames[i].end; j = frames[j].end)
			if (best < 0 || frames[j].total > frames[best].total)
				best = j;
		return best;
	}

	const toCaller = (i) => focusFrame(frames[i].parent);
	const toCallee = (i) => focusFrame(widestCallee(i));
	const keys = {
		ArrowDown: layout.isInverted ? toCallee : toCaller,
		ArrowUp: layout.isInverted ? toCaller : toCallee,
		ArrowLeft: (i) => focusFrame(beside(i, -1)),
		ArrowRight: (i) => focusFrame(beside(i, 1)),
		Enter: (i) => zoom(i),
		" ": (i) => zoom(i),
	};

	const area = find("frames");
	area.addEventListener("click", (event) => {
		const i = indexOf(event.target);
		if (i < 0)
			return;
		zoom(i);
		focusFrame(i);
	});
	area.addEventListener("mouseover", (event) => describe(indexOf(event.target)));
	area.addEventListener("mouseleave", () => describe(-1));
	area.addEventListener("focusin", (event) => describe(indexOf(event.target)));
	area.addEventListener("keydown", (event) => {
		const i = indexOf(event.target);
		if (i >= 0 && keys[event.key]) {
			event.preventDefault();
			keys[event.key](i);
		}
	});
	window.addEventListener("keydown", (event) => {
		// A second Ctrl-F, from the search field, is the browser's own.
		const isFind = event.key === "f" && (event.ctrlKey || event.metaKey);
		if (isFind && document.activeElement !== input) {
			event.preventDefault();
			input.focus();
			input.select();
		} else if (event.key === "Escape") {
			if (input.value)
				clearSearch();
			else
				zoom(0);
		}
	});

	// In its own window the graph is as wide as the window, and the header stays in sight.
	function fit() {
		if (standalone && !layout.isFixed) {
			svg.removeAttribute("viewBox");
			svg.setAttribute("width", "100%");
			width = Math.max(svg.getBoundingClientRect().width, layout.narrowest);
		}
		holder.setAttribute("x", width - layout.toolsWidth - layout.margin);
		find("matched").setAttribute("x", width - layout.margin);
		place();
	}

	function keepHeader() {
		find("header").setAttribute("transform", `translate(0,${window.scrollY})`);
	}

	svg.setAttribute("role", "group");
	area.classList.add("interactive");
	groups[0].setAttribute("tabindex", "0");
	groups[0].setAttribute("role", "button");
	recall();
	fit();
	search();
	describe(-1);
	if (standalone) {
		window.addEventListener("resize", fit);
		window.addEventListener("scroll", keepHeader);
		scrollToZoomed();
		keepHeader();
	}
	window.addEventListener("hashchange", () => {
		recall();
		search();
		zoom(zoomed);
	});
})();
