#!/bin/sh
# Prints docs/library.md: every item of stdlib/ with its documentation. library_page.sh SOURCE_ROOT
# A comment's first sentence is the item's line in the index; lines indented by two are formulas.
set -eu
cd "$1/stdlib"

title() {
  case $1 in
  optimizers) echo "Optimizers" ;;
  transforms) echo "Transforms" ;;
  schedules) echo "Schedules" ;;
  losses) echo "Losses" ;;
  functions) echo "Functions" ;;
  problems) echo "Problems" ;;
  *) echo "$1" ;;
  esac
}
folders=
for folder in optimizers transforms schedules losses functions problems *; do
  case " $folders " in *" $folder "*) continue ;; esac
  if ls "$folder"/*.tw >/dev/null 2>&1; then folders="$folders $folder"; fi
done

cat <<'TEXT'
# The library

Generated from the comments of `stdlib/` by `docs/library_page.sh`; a test holds the two together. Items are found by their name, without
`use`. What `Equals:` names is compared number by number in `tests/reference`.
TEXT

for folder in $folders; do
  printf '\n## %s\n\n| | |\n|---|---|\n' "$(title "$folder")"
  LC_ALL=C ls "$folder" | while read -r file; do
    name=${file%.tw}
    awk -v name="$name" '
      /^##/ { line = substr($0, 3); sub(/^ /, "", line); if (line == "") exit; text = text (text == "" ? "" : " ") line; next }
      { exit }
      END {
        if (match(text, /\. /)) text = substr(text, 1, RSTART - 1)
        sub(/[.:]$/, "", text)
        gsub(/\|/, "\\|", text)
        printf "| [`%s`](#%s) | %s |\n", name, tolower(name), text
      }' "$folder/$file"
  done
  LC_ALL=C ls "$folder" | while read -r file; do
    name=${file%.tw}
    printf '\n### %s\n\n' "$name"
    awk '
      function close_code() { if (code) { print "```"; code = 0 } }
      function close_text() { if (text != "") { print text; text = "" } }
      /^##/ && !done {
        line = substr($0, 3)
        sub(/^ /, "", line)
        if (line == "") { close_text(); close_code(); pending = 1; next }
        if (line ~ /^  /) {
          close_text()
          if (!code) { if (pending) print ""; print "```"; code = 1 }
          else if (pending) print ""
          pending = 0
          print substr(line, 3)
          next
        }
        close_code()
        if (line ~ /^(Hyperparameters|Errors|Source|Equals|Example): /) {
          close_text()
          if (pending || !listed) print ""
          listed = 1; pending = 0
          head = line; sub(/: .*/, "", head); sub(/^[A-Za-z]+: /, "", line)
          if (head == "Example") line = "`" line "`"
          text = "- **" head ":** " line
          next
        }
        if (pending) { close_text(); print ""; pending = 0 }
        text = text (text == "" ? "" : " ") line
        next
      }
      /^##/ { next }
      !done { close_text(); close_code(); done = 1 }
      done == 1 && /^(optimizer|transform|schedule|function|problem|set|flow) / { head_line = 1 }
      head_line {
        line = $0
        sub(/^ +/, " ", line)
        signature = signature line
        # To the end of the parameters: the bracket that closes the first one.
        depth = 0
        for (i = 1; i <= length(signature); ++i) {
          c = substr(signature, i, 1)
          if (c == "(") depth++
          if (c == ")" && --depth == 0) {
            rest = substr(signature, i + 1)
            on = match(rest, /^ on [a-z]+ [A-Za-z]+( of [A-Za-z]+)?/) ? substr(rest, 1, RLENGTH) : ""
            printf "\n`%s%s`\n", substr(signature, 1, i), on
            exit
          }
        }
        if (signature !~ /\(/) { sub(/ *[{=].*/, "", signature); printf "\n`%s`\n", signature; exit }
      }' "$folder/$file"
  done
done
