/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Names every command. */
@Command(
        name = "list",
        description = "Names every command in one line.",
        mixinStandardHelpOptions = true)
final class ListExamples implements Runnable {

    @Spec private CommandSpec spec;

    @Override
    public void run() {
        spec.parent()
                .subcommands()
                .forEach(
                        (name, command) ->
                                spec.commandLine()
                                        .getOut()
                                        .printf(
                                                "%-18s %s%n",
                                                name,
                                                command.getCommandSpec()
                                                        .usageMessage()
                                                        .description()[0]));
        spec.commandLine().getOut().flush();
    }
}
