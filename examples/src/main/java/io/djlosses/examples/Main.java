/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The command line of the examples. */
@Command(
        name = "djlosses",
        description = "Trains small models with the losses of DJLosses.",
        mixinStandardHelpOptions = true,
        version = "djlosses 0.1.0")
public final class Main implements Runnable {

    @Spec private CommandSpec spec;

    /** Prints the help, as no command was given. */
    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    /**
     * Runs a command.
     *
     * @param args the command and its options
     */
    public static void main(String[] args) {
        System.exit(new CommandLine(new Main()).execute(args));
    }
}
