import { Command } from "commander";
import type { CliContext } from "./context.ts";
import { defineAnnotate } from "./image-annotate-command.ts";
import { defineCopy } from "./image-copy-command.ts";
import { defineCreate } from "./image-create-command.ts";
import { defineInspect } from "./image-inspect-command.ts";
import { definePromote } from "./image-promote-command.ts";
import { definePrune } from "./image-prune-command.ts";
import { defineRmPlatform } from "./image-rm-platform-command.ts";
import { defineTag } from "./image-tag-command.ts";

/** `archway image`: registers its subcommands, each of which is defined in `image-NAME-command.ts`. */
export function defineCommand(context: CliContext, done: (exitCode: number) => void): Command {
  const command = new Command("archway image").description("Work on images in registries and layouts.");
  command.addCommand(defineInspect(context, done));
  command.addCommand(defineCreate(context, done));
  command.addCommand(defineCopy(context, done));
  command.addCommand(defineTag(context, done));
  command.addCommand(definePromote(context, done));
  command.addCommand(defineAnnotate(context, done));
  command.addCommand(defineRmPlatform(context, done));
  command.addCommand(definePrune(context, done));
  return command;
}
