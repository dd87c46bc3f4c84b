// Runs in speedscope's page after its own scripts: once the profile is there, shows each thread's table of
// functions in turn and leaves what it said in the document.
const said = document.createElement("pre");
const say = (text) => said.append(text + "\n");
const button = (text) => [...document.querySelectorAll("div")].find((div) => div.lastChild?.nodeValue === text);
const rows = () => [...document.querySelectorAll("tr")].map((row) => row.innerText.replace(/\s+/g, " ").trim());
const watch = setInterval(() => {
	const sandwich = button("Sandwich");
	if (!sandwich)
		return;
	clearInterval(watch);
	for (const row of document.querySelectorAll("tr[title]"))
		say("thread: " + row.title);
	sandwich.click();
	setTimeout(() => {
		for (const row of rows())
			say("row: " + row);
		say("END");
		document.body.append(said);
	}, 500);
}, 100);
