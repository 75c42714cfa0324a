/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import ai.djl.Device;
import ai.djl.translate.TranslateException;

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
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.DoubleFunction;
import java.util.function.Function;
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

    private static final String NUMBER = "number: ";

    private static final List<String> EPOCH_LOSSES =
            List.of("CrossEntropyLoss", "MSELoss", "L1Loss");

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
            names = "--mode",
            description =
                    "step: in a step of training. loop: the loss alone, on leaves. sweep: every"
                            + " reading, at many sizes. epoch: epochs of DJL's trainer. limits:"
                            + " passes and calls. peers: other libraries, with the profile"
                            + " peers.")
    private Mode mode = Mode.STEP;

    @Option(names = "--variants", split = ",", description = "The variants to measure; else all.")
    private Set<String> variants = new LinkedHashSet<>();

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

    /**
     * What this process is to measure: engine and threads; for a single number size, row, variant.
     */
    @Option(names = "--worker", split = "\\|", hidden = true)
    private List<String> worker = List.of();

    private final List<String> arguments;

    private final Gson gson =
            new GsonBuilder().setPrettyPrinting().serializeSpecialFloatingPointValues().create();

    private Main(String... arguments) {
        this.arguments = List.of(arguments);
    }

    /**
     * Runs the command.
     *
     * @param args the options
     */
    public static void main(String... args) {
        CommandLine line =
                new CommandLine(new Main(args)).setCaseInsensitiveEnumValuesAllowed(true);
        int status = line.execute(args);
        System.out.flush();
        System.exit(status);
    }

    @Override
    public Integer call() throws IOException, InterruptedException, TranslateException {
        if (!worker.isEmpty()) {
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
        for (String engine : mode == Mode.PEERS ? Peers.LIBRARIES : engines) {
            for (int count : threads) {
                if (mode == Mode.EPOCH) {
                    addEpochs(engine, count);
                    continue;
                }
                List<String> flags = mode == Mode.PEERS ? Peers.flags() : List.of();
                ProcessBuilder builder = java(count, flags, engine, "" + count).inheritIO();
                if (mode == Mode.PEERS) {
                    builder.environment().putAll(Peers.environment(count));
                }
                if (builder.start().waitFor() != 0) {
                    throw new IOException("the process of " + engine + " failed");
                }
                if (memory && mode == Mode.STEP) {
                    addMemory(engine, count);
                }
            }
        }
    }

    /** Returns a JVM like this one, with other threads. */
    private ProcessBuilder java(int count, List<String> flags, String... work) {
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
        line.addAll(arguments);
        line.addAll(List.of("--worker", String.join("|", work)));
        ProcessBuilder builder = new ProcessBuilder(line);
        builder.environment().put("OMP_NUM_THREADS", "" + count);
        return builder;
    }

    private void addMemory(String engine, int count) throws IOException, InterruptedException {
        Path file = file(engine, count);
        Run run = gson.fromJson(Files.readString(file), Run.class);
        Size largest = sizes.stream().max(Size::compareTo).orElseThrow();
        // Neither heap nor allocator may keep what the measured part would otherwise ask for.
        List<String> flags = List.of("-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch");
        for (Run.Measurement row : run.measurements()) {
            for (String variant : List.of(Stage.NATIVE, Stage.PLAIN, Stage.OURS, Stage.BUILT_IN)) {
                Run.Result result = row.get(variant);
                if (row.size() == largest && result != null) {
                    List<Double> peak =
                            numbers(
                                    engine,
                                    count,
                                    row.size(),
                                    row.row(),
                                    variant,
                                    flags,
                                    Map.of("MALLOC_MMAP_THRESHOLD_", "65536"));
                    row.variants()
                            .put(variant, result.withPeak(peak.isEmpty() ? null : peak.get(0)));
                }
            }
        }
        write(file, run);
    }

    private void addEpochs(String engine, int count) throws IOException, InterruptedException {
        List<Run.Measurement> measurements = new ArrayList<>();
        List<String> names = losses.equals(List.of("")) ? EPOCH_LOSSES : losses;
        for (Row row : Rows.all()) {
            for (Size size :
                    Epoch.has(row) && names.contains(row.name()) ? sizes : List.<Size>of()) {
                Map<String, Run.Result> results = new LinkedHashMap<>();
                for (String variant : variants.isEmpty() ? Epoch.VARIANTS : variants) {
                    List<Double> numbers =
                            numbers(engine, count, size, row.name(), variant, List.of(), Map.of());
                    if (!numbers.isEmpty()) {
                        results.put(variant, Run.Result.of(numbers.get(0), numbers.get(1)));
                    }
                }
                measurements.add(
                        new Run.Measurement(
                                row.name(),
                                row.loss(),
                                size,
                                Row.shape(row.dims(size)),
                                "",
                                results,
                                Map.of()));
                progress(measurements.get(measurements.size() - 1), Stage.BUILT_IN);
            }
        }
        write(file(engine, count), run(engine, device, Stage.BUILT_IN, measurements, count));
    }

    /** Returns what a process of its own found out about a variant; nothing if it failed. */
    private List<Double> numbers(
            String engine,
            int count,
            Size size,
            String row,
            String variant,
            List<String> flags,
            Map<String, String> environment)
            throws IOException, InterruptedException {
        ProcessBuilder builder = java(count, flags, engine, "" + count, size.name(), row, variant);
        builder.environment().putAll(environment);
        builder.redirectError(ProcessBuilder.Redirect.DISCARD);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return output.lines()
                .filter(line -> line.startsWith(NUMBER))
                .map(line -> Double.valueOf(line.substring(NUMBER.length())))
                .toList();
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
        List<Run> sweeps = runs.stream().filter(run -> run.mode() == Mode.SWEEP).toList();
        if (!sweeps.isEmpty()) {
            Files.writeString(out.resolve("sweep.md"), Sweep.markdown(sweeps));
        }
        System.out.println("Tables: " + tables + File.pathSeparator + " chart: " + picture);
    }

    // ------------------------------------------------------------------ a process of an engine

    private Path file(String engine, int count) {
        String name = String.join("-", mode.name(), engine, device, "" + count);
        return out.resolve(name.toLowerCase(Locale.ROOT) + ".json");
    }

    private void write(Path file, Object content) throws IOException {
        Files.writeString(file, gson.toJson(content) + "\n");
    }

    private List<Row> rows(boolean isOne) {
        return Rows.all().stream()
                .filter(
                        row ->
                                isOne
                                        ? row.name().equals(worker.get(3))
                                        : losses.stream().anyMatch(row.name()::contains))
                .toList();
    }

    private Device place() {
        return "gpu".equals(device) ? Device.gpu() : Device.cpu();
    }

    private void work() throws IOException, TranslateException {
        if (mode == Mode.PEERS) {
            Peer peer = Peers.open(worker.get(0), Integer.parseInt(worker.get(1)));
            List<Row> rows = rows(false).stream().filter(Peers::has).toList();
            Peers bench = new Peers(peer, repetitions);
            work(
                    peer.version(),
                    "cpu()",
                    Peers.OURS,
                    points(
                            rows,
                            row -> sizes,
                            (row, size, s) -> List.of(bench.measure(row, size, s))));
            return;
        }
        boolean isOne = worker.size() > 2;
        List<Row> rows = mode == Mode.LIMITS ? List.of() : rows(isOne);
        try (Stage stage = new Stage(worker.get(0), place(), rows)) {
            if (isOne) {
                workOnOne(stage, rows.get(0), Size.valueOf(worker.get(2)), worker.get(4));
                return;
            }
            Bench bench = new Bench(stage, mode, repetitions, variants);
            String place = stage.manager().getDevice().toString();
            switch (mode) {
                case LIMITS -> work(stage.engine(), place, Limits.BASE, limits(bench, stage));
                case SWEEP -> {
                    Set<Row> single = new HashSet<>();
                    work(
                            stage.engine(),
                            place,
                            stage.base(),
                            points(
                                    rows,
                                    row -> Sweep.sizes(row.extent()),
                                    (row, dims, s) -> {
                                        if (single.contains(row)) {
                                            return List.of();
                                        }
                                        Run.Measurement found =
                                                bench.measure(
                                                        row, rows.indexOf(row), null, s, dims);
                                        if (!Sweep.hasChoice(found)) {
                                            single.add(row);
                                        }
                                        return List.of(found);
                                    }));
                }
                default ->
                        work(
                                stage.engine(),
                                place,
                                stage.base(),
                                points(
                                        rows,
                                        row -> sizes,
                                        (row, size, s) ->
                                                List.of(
                                                        bench.measure(
                                                                row,
                                                                rows.indexOf(row),
                                                                size,
                                                                s,
                                                                row.dims(size)))));
            }
        }
    }

    /** Prints what is known of one variant, of which this process is to know nothing else. */
    private void workOnOne(Stage stage, Row row, Size size, String variant)
            throws IOException, TranslateException {
        if (mode == Mode.EPOCH) {
            Run.Result result = Epoch.run(stage, row, size, variant);
            System.out.println(NUMBER + result.milliseconds());
            System.out.println(NUMBER + result.faults());
        } else {
            Double peak = MemoryProbe.peak(stage, row, 0, size, variant);
            if (peak != null) {
                System.out.println(NUMBER + peak);
            }
        }
    }

    private List<DoubleFunction<List<Run.Measurement>>> limits(Bench bench, Stage stage) {
        return sizes.stream()
                .<DoubleFunction<List<Run.Measurement>>>map(
                        size -> seconds -> Limits.measure(bench, stage.manager(), size, seconds))
                .toList();
    }

    /** Measures a row at a size in about so many seconds. */
    @FunctionalInterface
    private interface Measure<S> {

        List<Run.Measurement> of(Row row, S size, double seconds);
    }

    /** Lists what is to be measured, all rows at the smallest size first. */
    private static <S> List<DoubleFunction<List<Run.Measurement>>> points(
            List<Row> rows, Function<Row, List<S>> ofRow, Measure<S> measure) {
        List<DoubleFunction<List<Run.Measurement>>> points = new ArrayList<>();
        int most = rows.stream().mapToInt(row -> ofRow.apply(row).size()).max().orElse(0);
        for (int i = 0; i < most; i++) {
            for (Row row : rows) {
                List<S> its = ofRow.apply(row);
                if (i < its.size()) {
                    S size = its.get(i);
                    points.add(seconds -> measure.of(row, size, seconds));
                }
            }
        }
        return points;
    }

    private void work(
            String engine,
            String place,
            String base,
            List<DoubleFunction<List<Run.Measurement>>> points)
            throws IOException {
        List<Run.Measurement> measurements = new ArrayList<>();
        long end = System.nanoTime() + (long) (timeBudget * 1e9);
        int left = points.size();
        for (DoubleFunction<List<Run.Measurement>> point : points) {
            double seconds = Math.max(0, (end - System.nanoTime()) / 1e9 / left--);
            List<Run.Measurement> found = point.apply(seconds);
            measurements.addAll(found);
            found.forEach(row -> progress(row, base));
            // Each time, so that an engine that dies takes no more than its last row.
            write(
                    file(worker.get(0), Integer.parseInt(worker.get(1))),
                    run(engine, place, base, measurements, Integer.parseInt(worker.get(1))));
        }
    }

    private Run run(
            String engine,
            String place,
            String base,
            List<Run.Measurement> measurements,
            int count) {
        String line = String.join(" ", arguments);
        int end = line.indexOf(" --worker");
        line = end < 0 ? line : line.substring(0, end);
        return new Run(mode, engine, place, count, base, Machine.describe(), line, measurements);
    }

    private static void progress(Run.Measurement row, String base) {
        if (row.size() == null) {
            System.out.println(Sweep.line(row));
            return;
        }
        StringBuilder line = new StringBuilder();
        line.append(
                String.format(Locale.ROOT, "%-40s %s %s", row.row(), row.size(), row.reading()));
        row.variants()
                .forEach(
                        (name, result) -> {
                            Double ratio = row.ratio(name, base);
                            line.append(
                                    name.equals(base) || ratio == null
                                            ? String.format(
                                                    Locale.ROOT,
                                                    "  %s %.3f ms",
                                                    name,
                                                    result.milliseconds())
                                            : String.format(Locale.ROOT, "  %s %.2f", name, ratio));
                        });
        row.failures()
                .forEach(
                        (name, why) ->
                                line.append("  ").append(name).append(" failed: ").append(why));
        System.out.println(line);
    }
}
