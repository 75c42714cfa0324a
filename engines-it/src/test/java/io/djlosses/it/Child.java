/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Runs a program in a JVM of its own, whose end nobody has to fear. */
final class Child {

    private static final List<String> PROPERTIES =
            List.of("ai.djl.", "org.slf4j.", "djlosses.", "OPT_OUT_TRACKING", "PYTORCH_");

    /** After so long without a line the child hangs. */
    private static final long SILENCE = 120_000_000_000L;

    private Child() {}

    /**
     * Runs a program to its end. A child that crashes, fails or hangs is an error that shows the
     * last that it printed.
     *
     * @param main the program
     * @param flags flags of the JVM
     * @param arguments its arguments
     * @return the lines that it printed
     */
    static List<String> run(Class<?> main, List<String> flags, Object... arguments)
            throws IOException, InterruptedException {
        return run(main, flags, Map.of(), arguments);
    }

    /**
     * Runs a program to its end, with variables of the environment.
     *
     * @param main the program
     * @param flags flags of the JVM
     * @param environment the variables
     * @param arguments its arguments
     * @return the lines that it printed
     */
    static List<String> run(
            Class<?> main, List<String> flags, Map<String, String> environment, Object... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(tool("java"));
        command.addAll(flags);
        for (String name : System.getProperties().stringPropertyNames()) {
            if (PROPERTIES.stream().anyMatch(name::startsWith)) {
                command.add("-D" + name + "=" + System.getProperty(name));
            }
        }
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(main.getName());
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        AtomicLong heard = new AtomicLong(System.nanoTime());
        Thread watch =
                new Thread(
                        () -> {
                            try {
                                while (process.isAlive()) {
                                    Thread.sleep(500);
                                    if (System.nanoTime() - heard.get() > SILENCE) {
                                        printThreads(process);
                                        process.destroyForcibly();
                                    }
                                }
                            } catch (IOException | InterruptedException e) {
                                process.destroyForcibly();
                            }
                        });
        watch.start();
        List<String> lines = new ArrayList<>();
        try (BufferedReader reader =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                heard.set(System.nanoTime());
                lines.add(line);
            }
        }
        int status = process.waitFor();
        watch.join();
        List<String> last = lines.subList(Math.max(0, lines.size() - 40), lines.size());
        assertEquals(
                status,
                0,
                main.getSimpleName() + " crashed or hung, after\n" + String.join("\n", last));
        return lines;
    }

    /** Prints where a program hangs, if it still answers. */
    private static void printThreads(Process process) throws IOException, InterruptedException {
        new ProcessBuilder(tool("jstack"), Long.toString(process.pid()))
                .inheritIO()
                .start()
                .waitFor(10, TimeUnit.SECONDS);
    }

    private static String tool(String name) {
        return Path.of(System.getProperty("java.home"), "bin", name).toString();
    }
}
