#!/bin/sh
# Once in each clone: how git shows locks, and what it looks at before a commit.
set -e
git config diff.cfxc.textconv 'cfxc show'
git config diff.cfxc.command 'sh -c '\''cfxc diff "$2" "$5"'\'' cfxc'
cp "$(dirname "$0")/pre-commit" "$(git rev-parse --git-path hooks)/pre-commit"
