/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.io.UncheckedIOException;

/** The command line of the examples. */
@Command(
        name = "djlosses",
        description = "Trains small models with the losses of DJLosses.",
        mixinStandardHelpOptions = true,
        version = "djlosses 0.1.0",
        subcommands = {
            ListExamples.class,
            Train.class,
            BuiltIn.class,
            LinearRegression.class,
            MultiLabel.class,
            CustomLoss.class,
            Tour.class,
            SmoothL1.class,
            CrossEntropy.class,
            Focal.class,
            Circles.class,
            WeightDecay.class,
            Vocabulary.class,
            CtcDigits.class,
            Embedding.class,
            Imbalance.class,
            Curves.class,
        })
public final class Main implements Runnable {

    @Spec private CommandSpec spec;

    /** Prints the help, as no command was given. */
    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    /**
     * Makes the command line. What the user got wrong is answered by one line and exit status 2.
     *
     * @return the command line
     */
    static CommandLine commandLine() {
        return new CommandLine(new Main())
                .setParameterExceptionHandler((e, args) -> fail(e.getCommandLine(), e))
                .setExecutionExceptionHandler(
                        (e, command, result) -> {
                            if (e instanceof IllegalArgumentException
                                    || e instanceof UncheckedIOException) {
                                return fail(command, e);
                            }
                            throw e;
                        });
    }

    private static int fail(CommandLine command, Exception e) {
        String message = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
        command.getErr().println(command.getCommandSpec().qualifiedName() + ": " + message);
        command.getErr().flush();
        return ExitCode.USAGE;
    }

    /**
     * Runs a command.
     *
     * @param args the command and its options
     */
    public static void main(String[] args) {
        System.setProperty("java.awt.headless", "true");
        System.exit(commandLine().execute(args));
    }
}
