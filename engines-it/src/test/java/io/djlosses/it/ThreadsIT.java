/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertFalse;
import static org.testng.Assert.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.Loss;

import com.google.gson.JsonObject;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Reduction;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;
import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** One loss object in many threads, and a garbage collector that runs whenever it hurts. */
public class ThreadsIT {

    private static final int THREADS = 8;

    /** What is computed for every subject at least; it goes round until the time is over. */
    private static final long SECONDS = Subject.NIGHTLY ? 300 : 4;

    private static final int ROWS = Subject.NIGHTLY ? Integer.MAX_VALUE : 4;

    /** One accumulator many times, so that two threads would meet in it. */
    private static final String[] MANY = Collections.nCopies(300, "all").toArray(String[]::new);

    private static final DataType[] TYPES = {DataType.FLOAT32, DataType.FLOAT64};

    /** The gradient collector is one for the process on PyTorch. */
    private static final ReentrantLock COLLECTOR = new ReentrantLock();

    @DataProvider
    public Object[][] engines() {
        return Outcome.onEveryEngine();
    }

    @Test(dataProvider = "engines")
    public void oneLossServesEightThreads(String engine) throws InterruptedException {
        run(engine, false);
    }

    @Test(dataProvider = "engines")
    public void oneLossServesEightThreadsUnderForcedCollections(String engine)
            throws InterruptedException {
        run(engine, true);
    }

    /** What losses make arrays with holds when a collection comes in between. */
    @Test(dataProvider = "engines")
    public void arraysAreMadeUnderForcedCollections(String engine)
            throws IOException, InterruptedException {
        List<String> flags = List.of("-Xmx64m", "-XX:+UseSerialGC");
        List<String> lines = Child.run(CreationProgram.class, flags, engine, SECONDS * 1000);
        String result = lines.get(lines.size() - 1);
        System.out.println("ThreadsIT: " + engine + ", " + result);
        assertTrue(result.matches("MADE \\d{3,} WRONG 0"), engine + ": " + result);
    }

    /** And nothing makes arrays otherwise. */
    @Test
    public void arraysAreMadeInOnePlace() throws IOException {
        Pattern creation = Pattern.compile("(?<!\\b(?:Nd|NdBase|Cleaner))\\.create\\(");
        for (String module : new String[] {"api", "losses"}) {
            Path sources = Path.of("..", module, "src", "main", "java");
            try (Stream<Path> files = Files.walk(sources)) {
                for (Path file : files.filter(one -> one.toString().endsWith(".java")).toList()) {
                    if (file.endsWith(Path.of("core", "NdBase.java"))) {
                        continue;
                    }
                    for (String line : Files.readAllLines(file)) {
                        boolean comment = line.strip().startsWith("*");
                        assertFalse(!comment && creation.matcher(line).find(), file + ": " + line);
                    }
                }
            }
        }
    }

    private static void run(String engine, boolean collect) throws InterruptedException {
        List<Subject> subjects =
                Subject.all(ROWS).stream().filter(subject -> !subject.hasState()).toList();
        Engine named = Engine.getEngine(engine);
        try (NDManager manager = named.newBaseManager()) {
            Work work = new Work(engine, manager, subjects);
            AtomicBoolean done = new AtomicBoolean();
            Thread collector =
                    new Thread(
                            () -> {
                                while (!done.get()) {
                                    long start = System.nanoTime();
                                    System.gc();
                                    // As long again for the others.
                                    pause(1 + (System.nanoTime() - start) / 1_000_000);
                                }
                            });
            ExecutorService threads = Executors.newFixedThreadPool(THREADS);
            try {
                if (collect) {
                    collector.start();
                }
                List<Future<?>> futures = new ArrayList<>();
                for (int i = 0; i < THREADS; i++) {
                    futures.add(threads.submit(work));
                }
                for (Future<?> future : futures) {
                    future.get(SECONDS + 600, TimeUnit.SECONDS);
                }
            } catch (ExecutionException | TimeoutException e) {
                throw new AssertionError(engine, e);
            } finally {
                done.set(true);
                threads.shutdownNow();
                collector.join();
            }
            work.verify();
        }
    }

    private static void pause(long milliseconds) {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** What the threads do: eight at a time the same loss, values and sums or gradients. */
    private static final class Work implements Runnable {

        private final String engine;
        private final List<Subject> subjects;
        private final List<Loss> losses;
        private final List<Loss> sums;
        private final List<Outcome[]> expected = new ArrayList<>();
        private final List<double[]> addends = new ArrayList<>();
        private final AtomicIntegerArray updates;
        private final AtomicLong next = new AtomicLong();
        private final Queue<String> faults = new ConcurrentLinkedQueue<>();
        private final long end;

        Work(String engine, NDManager manager, List<Subject> subjects) {
            this.engine = engine;
            this.subjects = subjects;
            Engine named = Engine.getEngine(engine);
            losses = Subject.shared(subjects, named, manager, null);
            sums = Subject.shared(subjects, named, manager, "SUM");
            updates = new AtomicIntegerArray(subjects.size() * TYPES.length);
            for (int i = 0; i < subjects.size(); i++) {
                Outcome[] outcomes = new Outcome[TYPES.length];
                double[] addend = new double[TYPES.length];
                for (int t = 0; t < TYPES.length; t++) {
                    GoldenRow row = subjects.get(i).row();
                    outcomes[t] = Outcome.of(engine, losses.get(i), row, TYPES[t]);
                    sums.get(i).addAccumulator("one");
                    addend[t] = update(sums.get(i), "one", row, TYPES[t]);
                }
                expected.add(outcomes);
                addends.add(addend);
            }
            // Once each: twice would declare two owners, both of whom add every batch.
            Set<Loss> distinct = Collections.newSetFromMap(new IdentityHashMap<>());
            distinct.addAll(sums);
            distinct.forEach(loss -> loss.addAccumulator("all"));
            end = System.nanoTime() + SECONDS * 1_000_000_000;
        }

        private double update(Loss loss, String key, GoldenRow row, DataType type) {
            try (NDManager manager = Engine.getEngine(engine).newBaseManager()) {
                loss.updateAccumulator(
                        key,
                        Data.arrays(row.labels(), manager, type),
                        Data.arrays(row.predictions(), manager, type));
            }
            return loss instanceof AbstractLoss template
                    ? template.getAccumulatorAsDouble(key)
                    : loss.getAccumulator(key);
        }

        /** {@inheritDoc} */
        @Override
        public void run() {
            long once = (long) THREADS * subjects.size();
            for (long k = next.getAndIncrement();
                    (k < once || System.nanoTime() < end) && faults.size() < 10;
                    k = next.getAndIncrement()) {
                int i = (int) (k / THREADS % subjects.size());
                int t = (int) (k % TYPES.length);
                try {
                    String fault = k % THREADS < THREADS - 2 ? value(i, t) : gradient(i, t);
                    if (fault != null) {
                        faults.add(subjects.get(i) + ", " + TYPES[t] + ": " + fault);
                    }
                } catch (RuntimeException e) {
                    faults.add(subjects.get(i) + ", " + TYPES[t] + ": " + e);
                }
            }
        }

        private @Nullable String value(int i, int t) {
            GoldenRow row = subjects.get(i).row();
            double[] value;
            try (NDManager manager = Engine.getEngine(engine).newBaseManager()) {
                NDList labels = Data.arrays(row.labels(), manager, TYPES[t]);
                NDList predictions = Data.arrays(row.predictions(), manager, TYPES[t]);
                Loss loss = losses.get(i);
                value =
                        Nd.toDoubles(
                                loss instanceof AbstractLoss template
                                        ? template.value(labels, predictions)
                                        : loss.evaluate(labels, predictions));
                sums.get(i).updateAccumulators(MANY, labels, predictions);
                updates.incrementAndGet(i * TYPES.length + t);
            }
            return Outcome.difference(expected.get(i)[t].value(), value, 1e-7, 0);
        }

        private @Nullable String gradient(int i, int t) {
            Outcome outcome;
            COLLECTOR.lock();
            try {
                outcome = Outcome.of(engine, losses.get(i), subjects.get(i).row(), TYPES[t]);
            } finally {
                COLLECTOR.unlock();
            }
            return difference(
                    expected.get(i)[t].gradients(), outcome.gradients(), "gradient of prediction ");
        }

        void verify() {
            // A loss is shared by several subjects, and so is its sum.
            IdentityHashMap<Loss, Double> totals = new IdentityHashMap<>();
            IdentityHashMap<Loss, Double> roundings = new IdentityHashMap<>();
            IdentityHashMap<Loss, Subject> names = new IdentityHashMap<>();
            for (int i = 0; i < subjects.size(); i++) {
                Loss loss = sums.get(i);
                names.putIfAbsent(loss, subjects.get(i));
                for (int t = 0; t < TYPES.length; t++) {
                    double additions = (double) MANY.length * updates.get(i * TYPES.length + t);
                    double sum = addends.get(i)[t] * additions;
                    totals.merge(loss, sum, Double::sum);
                    // What repeats is rounded the same way each time, so errors add up.
                    roundings.merge(loss, additions, Double::sum);
                }
            }
            int compared = 0;
            for (Map.Entry<Loss, Double> total : totals.entrySet()) {
                if (total.getKey() instanceof AbstractLoss loss && isSum(loss)) {
                    compared++;
                    double expectedSum = total.getValue();
                    double actual = loss.getAccumulatorAsDouble("all");
                    double off = Math.abs(actual - expectedSum);
                    double rounding = Math.max(1e-11, roundings.get(loss) * 0x1p-53);
                    if (!(off <= rounding * Math.abs(expectedSum))) {
                        faults.add(
                                names.get(loss) + ": sum " + actual + " instead of " + expectedSum);
                    }
                }
            }
            assertEquals(String.join("\n", faults), "", engine);
            assertTrue(compared > 30, "only " + compared + " sums were compared");
            System.out.println(
                    "ThreadsIT: " + engine + ", " + next + " evaluations, " + compared + " sums");
        }

        private static boolean isSum(AbstractLoss loss) {
            return loss.getReduction() == Reduction.SUM;
        }
    }

    private static @Nullable String difference(
            List<double[]> expected, List<double[]> actual, String what) {
        for (int p = 0; p < expected.size(); p++) {
            String fault = Outcome.difference(expected.get(p), actual.get(p), 1e-7, 0);
            if (fault != null) {
                return what + p + ": " + fault;
            }
        }
        return null;
    }

    // ------------------------------------------------------------------ memory of literals

    /**
     * What backward needs must not lie in memory of Java: a collection between forward and backward
     * frees that, and here it is then overwritten.
     */
    @Test(dataProvider = "engines")
    public void collectionsBetweenForwardAndBackwardChangeNoGradient(String engine) {
        List<String> faults = new ArrayList<>();
        List<Subject> subjects = Subject.all(Subject.NIGHTLY ? Integer.MAX_VALUE : 20);
        for (DataType type : TYPES) {
            for (boolean labelGradient : new boolean[] {false, true}) {
                List<Subject> chosen =
                        labelGradient
                                ? subjects.stream().filter(ThreadsIT::canLearnLabels).toList()
                                : subjects;
                assertTrue(chosen.size() > 30, "only " + chosen.size());
                List<List<double[]>> expected =
                        together(engine, chosen, type, labelGradient, () -> {});
                List<List<double[]>> actual =
                        together(engine, chosen, type, labelGradient, ThreadsIT::overwriteGarbage);
                for (int i = 0; i < chosen.size(); i++) {
                    String fault = difference(expected.get(i), actual.get(i), "gradient of input ");
                    if (fault != null) {
                        faults.add(chosen.get(i) + ", " + type + ": " + fault);
                    }
                }
            }
        }
        assertEquals(String.join("\n", faults), "", engine);
    }

    /**
     * What the Javadoc of {@code Nd} and the README say of numbers: those of {@code Nd} survive a
     * collection, while those of DJL's own operations do not, on engines that compute in the
     * buffers of Java.
     */
    @Test(dataProvider = "engines")
    public void numbersSurviveCollectionsOnlyWithNd(String engine) {
        double[] exact = {3, 1.0 / 3, 3 * 1.5 * 1.5};
        assertEquals(
                wrong(engine, exact, x -> Nd.mul(x, 3), x -> Nd.div(x, 3), x -> Nd.pow(x, 3)), 0);
        int ofEngine = wrong(engine, exact, x -> x.mul(3f), x -> x.div(3f), x -> x.pow(3f));
        assertEquals(ofEngine > 0, engine.equals("PyTorch"), ofEngine + " wrong gradients");
    }

    /** Returns how many gradients at 1.5 differ after a collection. */
    @SafeVarargs
    private static int wrong(String name, double[] exact, UnaryOperator<NDArray>... functions) {
        Engine engine = Engine.getEngine(name);
        int wrong = 0;
        try (NDManager manager = engine.newBaseManager()) {
            NDList inputs = new NDList();
            try (GradientCollector collector = engine.newGradientCollector()) {
                NDArray target = manager.zeros(new Shape());
                for (int i = 0; i < 300; i++) {
                    NDArray x = Nd.create(manager, new float[] {1.5f}, new Shape());
                    x.setRequiresGradient(true);
                    inputs.add(x);
                    NDArray value = Nd.scoped(() -> functions[inputs.size() % 3].apply(x).add(0));
                    target = target.add(value);
                }
                overwriteGarbage();
                collector.backward(target);
            }
            for (int i = 0; i < inputs.size(); i++) {
                double gradient = Nd.toDoubles(inputs.get(i).getGradient())[0];
                wrong += Math.abs(gradient - exact[(i + 1) % 3]) < 1e-5 ? 0 : 1;
            }
        }
        return wrong;
    }

    private static boolean canLearnLabels(Subject subject) {
        GoldenRow row = subject.row();
        return !row.labels().isEmpty()
                && !GoldenRow.of(subject.type()).isEmpty()
                && row.labels().stream().allMatch(Data::isFloating)
                && !row.has("sampleWeighting")
                && Catalogue.method(Catalogue.builder(subject.type()), "optLabelGradient") != null
                && row.labels().get(0).shape().equals(row.predictions().get(0).shape());
    }

    /** All forward, then all backward, in one collector. */
    private static List<List<double[]>> together(
            String engine,
            List<Subject> subjects,
            DataType type,
            boolean labelGradient,
            Runnable between) {
        Engine named = Engine.getEngine(engine);
        List<List<double[]>> gradients = new ArrayList<>();
        try (NDManager manager = named.newBaseManager()) {
            List<NDList> inputs = new ArrayList<>();
            try (GradientCollector collector = named.newGradientCollector()) {
                NDArray target = manager.zeros(new Shape(), type);
                for (Subject subject : subjects) {
                    GoldenRow row = subject.row();
                    JsonObject options = row.options().deepCopy();
                    if (labelGradient) {
                        options.addProperty("labelGradient", true);
                    }
                    NDList labels = Data.arrays(row.labels(), manager, type);
                    NDList predictions = Data.arrays(row.predictions(), manager, type);
                    NDList learning = new NDList(predictions);
                    if (labelGradient) {
                        learning.addAll(labels);
                    }
                    learning.forEach(array -> array.setRequiresGradient(true));
                    inputs.add(learning);
                    NDArray value = subject.build(manager, options).evaluate(labels, predictions);
                    Data head = row.head();
                    if (head != null) {
                        value = Nd.sum(value.mul(head.array(manager, type)));
                    }
                    target = target.add(Nd.widen(value, type));
                }
                between.run();
                collector.backward(target);
            }
            for (NDList learning : inputs) {
                List<double[]> some = new ArrayList<>();
                learning.forEach(array -> some.add(Nd.toDoubles(array.getGradient())));
                gradients.add(some);
            }
        }
        return gradients;
    }

    private static void overwriteGarbage() {
        for (int i = 0; i < 3; i++) {
            System.gc();
            pause(30);
        }
        List<ByteBuffer> poison = new ArrayList<>();
        for (int i = 0; i < 60_000; i++) {
            ByteBuffer buffer = ByteBuffer.allocateDirect(4 + 4 * (i % 5));
            while (buffer.hasRemaining()) {
                buffer.put((byte) 0x47); // 5.1e4 as a FLOAT32, 2.4e35 as a FLOAT64
            }
            poison.add(buffer);
        }
        assertEquals(poison.size(), 60_000);
    }
}
