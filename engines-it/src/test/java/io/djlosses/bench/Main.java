/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import ai.djl.Device;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;

import io.djlosses.examples.catalog.Size;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/**
 * The command of the benchmark.
 *
 * <p>Each engine runs in a process of its own for each number of threads, which can only be set
 * before an engine starts; so does each measurement of memory. A process of an engine leaves a JSON
 * file, and the tables are made from all such files in the folder.
 */
@Command(
        name = "bench",
        description = "Times every loss against the engines' own kernels and DJL's losses.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true)
public final class Main implements Callable<Integer> {

    private static final String PEAK = "peak MiB: ";

    @Option(names = "--engine", split = ",", description = "PyTorch, MXNet, or both.")
    private List<String> engines = List.of("PyTorch");

    @Option(names = "--device", description = "cpu or gpu.")
    private String device = "cpu";

    @Option(names = "--size", split = ",", description = "S, M, L, or several.")
    private List<Size> sizes = List.of(Size.values());

    @Option(names = "--loss", split = ",", description = "Rows whose name has one of these in it.")
    private List<String> losses = List.of("");

    @Option(
            names = "--threads",
            split = ",",
            description = "The engine's threads; several for one run each.")
    private List<Integer> threads = List.of(1);

    @Option(names = "--repetitions", description = "The most turns a row and size.")
    private int repetitions = 1000;

    @Option(names = "--time-budget", description = "About how many seconds a run takes.")
    private double timeBudget = 300;

    @Option(
            names = "--memory",
            description = "Measure memory too, in a process a variant, at the largest size.")
    private boolean memory;

    @Option(
            names = "--peers",
            description =
                    "Measure other libraries for the JVM against ours, instead of engines; needs"
                            + " the profile peers as well.")
    private boolean peers;

    @Option(
            names = "--limits",
            description = "Measure what losses are made of, passes and calls, instead of losses.")
    private boolean limits;

    @Option(
            names = "--report-only",
            description = "Measure nothing; tabulate what is in the folder.")
    private boolean reportOnly;

    @Option(names = "--out", description = "The folder of the JSON files.")
    private Path out = Path.of("out", "benchmark");

    @Option(names = "--markdown", description = "The file of the tables (default: in the folder).")
    private @Nullable Path markdown;

    @Option(names = "--json", description = "One file of all runs as well.")
    private @Nullable Path json;

    @Option(
            names = "--chart",
            description = "The file of the chart, a PNG (default: in the folder).")
    private @Nullable Path chart;

    @Option(names = "--worker", hidden = true)
    private boolean worker;

    @Option(names = "--probe", hidden = true)
    private @Nullable String probe;

    @Option(names = "--command", hidden = true)
    private String command = "";

    private final Gson gson =
            new GsonBuilder().setPrettyPrinting().serializeSpecialFloatingPointValues().create();

    /**
     * Runs the command.
     *
     * @param args the options
     */
    public static void main(String... args) {
        CommandLine line = new CommandLine(new Main()).setCaseInsensitiveEnumValuesAllowed(true);
        int status = line.execute(args);
        System.out.flush();
        System.exit(status);
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (probe != null) {
            probe(probe);
        } else if (worker) {
            work();
        } else {
            if (!reportOnly) {
                measure();
            }
            report();
        }
        return 0;
    }

    // ------------------------------------------------------------------ the command

    private void measure() throws IOException, InterruptedException {
        Files.createDirectories(out);
        for (String engine : peers ? Peers.LIBRARIES : engines) {
            for (int count : threads) {
                List<String> options = options(engine, count, sizes, losses);
                options.addAll(List.of("--worker", "--command", String.join(" ", commandLine())));
                options.addAll(
                        List.of(
                                "--repetitions",
                                "" + repetitions,
                                "--time-budget",
                                "" + timeBudget));
                if (peers) {
                    options.add("--peers");
                }
                if (limits) {
                    options.add("--limits");
                }
                ProcessBuilder builder =
                        java(count, peers ? Peers.flags() : List.of(), options).inheritIO();
                if (peers) {
                    builder.environment().putAll(Peers.environment(count));
                }
                Process process = builder.start();
                if (process.waitFor() != 0) {
                    throw new IOException("the process of " + engine + " failed");
                }
                if (memory && !peers && !limits) {
                    addMemory(engine, count);
                }
            }
        }
    }

    /** Returns the options as they were given, for the tables. */
    private List<String> commandLine() {
        List<String> line = new ArrayList<>();
        if (peers) {
            line.add("--peers");
        } else {
            line.addAll(List.of("--engine", String.join(",", engines), "--device", device));
        }
        line.addAll(List.of("--size", join(sizes), "--threads", join(threads)));
        if (!losses.equals(List.of(""))) {
            line.addAll(List.of("--loss", String.join(",", losses)));
        }
        line.addAll(List.of("--time-budget", "" + timeBudget));
        if (limits) {
            line.add("--limits");
        }
        if (memory && !peers && !limits) {
            line.add("--memory");
        }
        return line;
    }

    private static String join(List<?> values) {
        return String.join(",", values.stream().map(String::valueOf).toList());
    }

    private List<String> options(
            String engine, int count, List<Size> ofSizes, List<String> ofLosses) {
        return new ArrayList<>(
                List.of(
                        "--engine",
                        engine,
                        "--device",
                        device,
                        "--threads",
                        "" + count,
                        "--size",
                        join(ofSizes),
                        "--loss",
                        String.join(",", ofLosses),
                        "--out",
                        out.toString()));
    }

    /** Returns a JVM like this one, with other threads. */
    private static ProcessBuilder java(int count, List<String> flags, List<String> options) {
        List<String> line = new ArrayList<>();
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (flag.startsWith("-D")) {
                line.add(flag);
            }
        }
        line.add("-Dai.djl.pytorch.num_threads=" + count);
        line.add("-Dai.djl.pytorch.num_interop_threads=" + count);
        line.add("-Djava.awt.headless=true");
        line.addAll(flags);
        line.addAll(List.of("-classpath", System.getProperty("java.class.path")));
        line.add(Main.class.getName());
        line.addAll(options);
        ProcessBuilder builder = new ProcessBuilder(line);
        builder.environment().put("OMP_NUM_THREADS", "" + count);
        return builder;
    }

    private void addMemory(String engine, int count) throws IOException, InterruptedException {
        Path file = file(engine, count);
        Run run = gson.fromJson(Files.readString(file), Run.class);
        Size largest = sizes.stream().max(Size::compareTo).orElseThrow();
        List<Run.Measurement> measurements = new ArrayList<>();
        for (Run.Measurement row : run.measurements()) {
            Map<String, Run.Result> variants = new LinkedHashMap<>(row.variants());
            for (String variant :
                    List.of(Stage.NATIVE, Stage.PLAIN, Stage.OURS, Stage.FORMULA, Stage.BUILT_IN)) {
                Run.Result result = row.get(variant);
                if (row.size() == largest && result != null) {
                    variants.put(variant, result.withPeak(peak(engine, count, row, variant)));
                }
            }
            measurements.add(
                    new Run.Measurement(
                            row.row(),
                            row.loss(),
                            row.size(),
                            row.shape(),
                            variants,
                            row.failures()));
        }
        write(
                file,
                new Run(
                        run.engine(),
                        run.device(),
                        run.threads(),
                        run.base(),
                        run.machine(),
                        run.command(),
                        measurements));
    }

    private @Nullable Double peak(String engine, int count, Run.Measurement row, String variant)
            throws IOException, InterruptedException {
        List<String> options = options(engine, count, List.of(row.size()), List.of(row.row()));
        options.addAll(List.of("--probe", variant));
        // Neither heap nor allocator may keep what the measured part would otherwise ask for.
        ProcessBuilder builder =
                java(count, List.of("-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch"), options);
        builder.environment().put("MALLOC_MMAP_THRESHOLD_", "65536");
        builder.redirectError(ProcessBuilder.Redirect.DISCARD);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        int start = output.indexOf(PEAK);
        return start < 0
                ? null
                : Double.valueOf(
                        output.substring(start + PEAK.length()).lines().findFirst().orElseThrow());
    }

    private void report() throws IOException {
        List<Run> runs = new ArrayList<>();
        try (Stream<Path> files = Files.list(out)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".json")).sorted().toList()) {
                runs.add(gson.fromJson(Files.readString(file), Run.class));
            }
        }
        if (runs.isEmpty()) {
            throw new IOException("there is no run in " + out);
        }
        // PyTorch, whose kernels are the bar, comes first.
        runs.sort((a, b) -> b.engine().compareTo(a.engine()));
        Report report = new Report(runs);
        Path tables = markdown == null ? out.resolve("benchmark.md") : markdown;
        Files.writeString(tables, report.markdown());
        if (json != null) {
            write(json, runs);
        }
        Path picture = chart == null ? out.resolve("benchmark.png") : chart;
        report.chart(picture);
        System.out.println("Tables: " + tables + File.pathSeparator + " chart: " + picture);
    }

    // ------------------------------------------------------------------ a process of an engine

    private Path file(String engine, int count) {
        String name = String.join("-", engine, device, "" + count).toLowerCase(Locale.ROOT);
        return out.resolve(name + ".json");
    }

    private void write(Path file, Object content) throws IOException {
        Files.writeString(file, gson.toJson(content) + "\n");
    }

    private List<Row> rows(boolean exactly) {
        return Rows.all().stream()
                .filter(
                        row ->
                                losses.stream()
                                        .anyMatch(
                                                loss ->
                                                        exactly
                                                                ? row.name().equals(loss)
                                                                : row.name().contains(loss)))
                .toList();
    }

    private Device place() {
        return "gpu".equals(device) ? Device.gpu() : Device.cpu();
    }

    private void work() throws IOException {
        if (peers) {
            workAsPeer();
            return;
        }
        List<Row> rows = rows(false);
        try (Stage stage = new Stage(engines.get(0), place(), limits ? List.of() : rows)) {
            Bench bench = new Bench(stage, repetitions);
            if (limits) {
                workOutLimits(stage, bench);
                return;
            }
            work(
                    rows,
                    stage.engine(),
                    stage.manager().getDevice(),
                    stage.base(),
                    (row, size, seconds) -> bench.measure(rows, rows.indexOf(row), size, seconds));
        }
    }

    private void workOutLimits(Stage stage, Bench bench) throws IOException {
        List<Run.Measurement> measurements = new ArrayList<>();
        for (Size size : sizes) {
            List<Run.Measurement> found =
                    Limits.measure(bench, stage.manager(), size, timeBudget / sizes.size());
            found.forEach(limit -> progress(limit, Limits.BASE));
            measurements.addAll(found);
        }
        write(
                file("limits-" + engines.get(0), threads.get(0)),
                new Run(
                        stage.engine(),
                        stage.manager().getDevice().toString(),
                        threads.get(0),
                        Limits.BASE,
                        Machine.describe(),
                        command,
                        measurements));
    }

    private void workAsPeer() throws IOException {
        Peer peer = Peers.open(engines.get(0), threads.get(0));
        List<Row> rows = rows(false).stream().filter(Peers::has).toList();
        work(rows, peer.version(), Device.cpu(), Peers.OURS, new Peers(peer, repetitions)::measure);
    }

    /** Measures a row at a size in about so many seconds. */
    @FunctionalInterface
    private interface Measure {

        Run.Measurement of(Row row, Size size, double seconds);
    }

    private void work(List<Row> rows, String engine, Device place, String base, Measure measure)
            throws IOException {
        List<Run.Measurement> measurements = new ArrayList<>();
        long end = System.nanoTime() + (long) (timeBudget * 1e9);
        int left = rows.size() * sizes.size();
        for (Size size : Arrays.stream(Size.values()).filter(sizes::contains).toList()) {
            for (Row row : rows) {
                double seconds = Math.max(0, (end - System.nanoTime()) / 1e9 / left--);
                Run.Measurement measurement = measure.of(row, size, seconds);
                measurements.add(measurement);
                progress(measurement, base);
                // Each time, so that an engine that dies takes no more than its last row.
                write(
                        file(engines.get(0), threads.get(0)),
                        new Run(
                                engine,
                                place.toString(),
                                threads.get(0),
                                base,
                                Machine.describe(),
                                command,
                                measurements));
            }
        }
    }

    private static void progress(Run.Measurement row, String base) {
        StringBuilder line = new StringBuilder();
        line.append(String.format(Locale.ROOT, "%-40s %s", row.row(), row.size()));
        row.variants()
                .forEach(
                        (name, result) -> {
                            Double ratio = result.ratio();
                            if (name.equals(base) || ratio == null) {
                                line.append(
                                        String.format(
                                                Locale.ROOT,
                                                "  %s %.3f ms",
                                                name,
                                                result.milliseconds()));
                            } else {
                                line.append(String.format(Locale.ROOT, "  %s %.2f", name, ratio));
                            }
                        });
        row.failures()
                .forEach(
                        (name, why) ->
                                line.append("  ").append(name).append(" failed: ").append(why));
        System.out.println(line);
    }

    /** Prints the peak of memory, of which this process is to know nothing but one variant. */
    private void probe(String variant) throws IOException {
        // A name may hold commas, at which the option was split.
        losses = List.of(String.join(",", losses));
        List<Row> rows = rows(true);
        try (Stage stage = new Stage(engines.get(0), place(), rows)) {
            Double peak = MemoryProbe.peak(stage, rows.get(0), 0, sizes.get(0), variant);
            if (peak != null) {
                System.out.println(PEAK + peak);
            }
        }
    }
}
