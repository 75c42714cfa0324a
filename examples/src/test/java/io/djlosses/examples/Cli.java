/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import ai.djl.engine.Engine;

import picocli.CommandLine;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A run of the command line.
 *
 * @param status the exit status
 * @param out what it printed
 * @param err what it complained about
 */
record Cli(int status, String out, String err) {

    static final Path PICTURES = Path.of("target", "pictures");

    static {
        // DJL's progress bar prints past the captured output.
        System.setProperty("disableProgressBar", "true");
        System.setProperty("java.awt.headless", "true");
    }

    static Cli run(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine command =
                Main.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        int status = command.execute(args);
        return new Cli(status, out.toString(), err.toString());
    }

    /** Runs a command that must succeed, with pictures in a folder of the build. */
    static String print(String command, Object engine, String... args) {
        List<String> all = new ArrayList<>(List.of(command, "--engine", engine.toString()));
        all.addAll(List.of(args));
        Cli run = run(all.toArray(String[]::new));
        if (run.status != 0 || !run.err.isEmpty()) {
            throw new AssertionError(all + " ended with status " + run.status + ": " + run.err);
        }
        return run.out.replace(System.lineSeparator(), "\n");
    }

    /** Returns the engines that this platform has, as rows of a data provider. */
    static Object[][] engines() {
        return Stream.of("PyTorch", "MXNet")
                .filter(Engine::hasEngine)
                .map(name -> new Object[] {name})
                .toArray(Object[][]::new);
    }

    /** Returns the numbers that a pattern's group 1 finds. */
    static double[] numbers(String text, String regex) {
        Matcher matcher = Pattern.compile(regex, Pattern.MULTILINE).matcher(text);
        return matcher.results().mapToDouble(m -> Double.parseDouble(m.group(1))).toArray();
    }
}
