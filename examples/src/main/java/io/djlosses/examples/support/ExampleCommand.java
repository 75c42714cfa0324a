/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.support;

import ai.djl.engine.Engine;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** A command that computes on an engine of the user's choice. */
@Command(mixinStandardHelpOptions = true, showDefaultValues = true)
public abstract class ExampleCommand implements Runnable {

    @Spec private CommandSpec spec;

    @Option(
            names = "--engine",
            paramLabel = "NAME",
            defaultValue = "PyTorch",
            description = "PyTorch or MXNet.")
    private String engine;

    /**
     * Returns the engine that the user chose.
     *
     * @return the engine
     */
    protected final Engine engine() {
        List<String> names = Stream.of("PyTorch", "MXNet").filter(Engine::hasEngine).toList();
        if (!names.contains(engine)) {
            throw error("--engine must be %s, but was %s", String.join(" or ", names), engine);
        }
        return Engine.getEngine(engine);
    }

    /**
     * Prints a line to standard output.
     *
     * @param format the format
     * @param arguments what it refers to
     */
    protected final void print(String format, Object... arguments) {
        PrintWriter out = spec.commandLine().getOut();
        out.println(String.format(Locale.ROOT, format, arguments));
        out.flush();
    }

    /**
     * Makes an error that ends the program with one line and exit status 2.
     *
     * @param format the format
     * @param arguments what it refers to
     * @return the error, to be thrown
     */
    protected final ParameterException error(String format, Object... arguments) {
        return new ParameterException(
                spec.commandLine(), String.format(Locale.ROOT, format, arguments));
    }
}
