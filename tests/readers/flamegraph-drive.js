// Appended to a flame graph by tests/e2e/viewers.sh: uses it as a person would, and leaves what came of it as text
// in the document, a line each.
(() => {
	const svg = document.documentElement;
	const find = (name) => svg.querySelector("." + name);
	const groups = [...find("frames").children];
	const title = (group) => group.querySelector("title").textContent;
	const frame = (name) => groups.find((group) => title(group).split("\n")[0] === name);
	const width = (group) => Number(group.querySelector("rect").getAttribute("width"));
	const shown = () => groups.filter((group) => !group.classList.contains("hidden"));
	const button = (text) => [...svg.querySelectorAll("button")].find((each) => each.textContent === text);
	const input = svg.querySelector("input");
	const key = (name, options) => {
		const event = new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...options });
		document.activeElement.dispatchEvent(event);
		return event.defaultPrevented;
	};
	const search = (text) => {
		input.value = text;
		input.dispatchEvent(new Event("input"));
		return find("matched").textContent;
	};
	const click = (group) => group.querySelector("rect").dispatchEvent(new MouseEvent("click", { bubbles: true }));

	const lines = [];
	const say = (what, value) => lines.push(`${what}: ${value}`);
	const whole = width(groups[0]);
	const burner = frame("burn_seventy");
	say("share of burn_seventy", (100 * width(burner) / whole).toFixed(0));
	burner.querySelector("rect").dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
	say("details", find("details").textContent);
	say("reset is off", button("Reset zoom").disabled);
	click(burner);
	say("zoomed frame is whole", Math.abs(width(burner) - whole) < 1);
	say("its caller is whole and stands back", Math.abs(width(frame("main")) - whole) < 1 && frame("main").classList.contains("above"));
	say("its neighbour is hidden", frame("burn_twenty").classList.contains("hidden"));
	say("address keeps the zoom", /#z=\d+/.test(location.href));
	button("Reset zoom").click();
	say("reset shows all", shown().length === groups.length);
	say("ctrl-f is taken", key("f", { ctrlKey: true }));
	say("ctrl-f focuses the search", document.activeElement === input);
	say("a second ctrl-f is the browser's", !key("f", { ctrlKey: true }));
	say("matched one", search("^burn_seventy$"));
	say("matched nested", search("^main$|^burn_seventy$"));
	say("matched main", search("^main$"));
	say("matched any case", search("BURN_seventy") + search("Burn") + "|" + search("burn"));
	say("a broken expression is text", search("burn_[seventy"));
	search("burn");
	button("Clear").click();
	say("cleared", find("matched").textContent === "" && !svg.querySelector(".match"));
	svg.querySelector(".frames [tabindex]").focus(); // the one that was clicked
	key("ArrowDown");
	const caller = title(document.activeElement).split("\n")[0];
	key("ArrowUp");
	say("keys walk", `${caller}, ${title(document.activeElement).split("\n")[0]}`);
	key("Enter");
	say("enter zooms", frame("main").classList.contains("above"));
	key("Escape");
	say("escape goes back", shown().length === groups.length);
	const result = document.createElementNS("http://www.w3.org/2000/svg", "desc");
	result.textContent = "\nBEGIN\n" + lines.join("\n") + "\nEND\n";
	svg.append(result);
})();
