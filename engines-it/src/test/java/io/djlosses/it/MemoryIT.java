/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertFalse;
import static org.testng.Assert.assertTrue;
import static org.testng.Assert.expectThrows;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.Loss;

import io.djlosses.api.Reduction;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Trait;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.io.IOException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** Memory stays flat however often a loss is evaluated, and whatever happens on the way. */
public class MemoryIT {

    private static final int EVALUATIONS = Subject.NIGHTLY ? 100_000 : 3_000;

    /**
     * Bytes an evaluation. In a short run the JVM is still warming up, and takes 300 to 450; one
     * more array of one number left behind by every evaluation makes that 850 to 1,200.
     */
    private static final double NATIVE_BOUND = Subject.NIGHTLY ? 100 : 700;

    private static final double JAVA_BOUND = Subject.NIGHTLY ? 20 : 100;

    @DataProvider
    public Object[][] engines() {
        return Outcome.engines().stream().map(name -> new Object[] {name}).toArray(Object[][]::new);
    }

    private record Sample(double evaluations, double nativeBytes, double javaBytes, int arrays) {
        static Sample of(String line) {
            String[] parts = line.split(" ", -1);
            return new Sample(
                    Double.parseDouble(parts[1]),
                    Double.parseDouble(parts[2]),
                    Double.parseDouble(parts[3]),
                    Integer.parseInt(parts[4]));
        }
    }

    @Test(dataProvider = "engines")
    public void memoryIsFlat(String engine) throws IOException, InterruptedException {
        List<Sample> samples =
                Child.run(
                                MemoryProgram.class,
                                List.of(
                                        "-Xms256m",
                                        "-Xmx256m",
                                        "-XX:+UseSerialGC",
                                        "-XX:+AlwaysPreTouch",
                                        // The other compiler takes and frees megabytes.
                                        "-XX:TieredStopAtLevel=1"),
                                engine,
                                EVALUATIONS)
                        .stream()
                        .filter(line -> line.startsWith("MEMORY "))
                        .map(Sample::of)
                        .toList();
        assertEquals(samples.size(), 41);
        List<Sample> warm = samples.subList(samples.size() / 2, samples.size());
        double nativeSlope = slope(warm, Sample::nativeBytes);
        double javaSlope = slope(warm, Sample::javaBytes);
        String result =
                String.format(
                        "MemoryIT: %s, %d evaluations: native %+.1f, Java %+.1f bytes an"
                                + " evaluation",
                        engine, EVALUATIONS, nativeSlope, javaSlope);
        System.out.println(result);
        for (Sample sample : samples) {
            assertEquals(sample.arrays, samples.get(0).arrays, "arrays, " + result);
        }
        assertTrue(nativeSlope < NATIVE_BOUND, result);
        assertTrue(javaSlope < JAVA_BOUND, result);
    }

    /** The median of the slopes between all pairs, which a single jump does not move. */
    private static double slope(List<Sample> samples, ToDoubleFunction<Sample> bytes) {
        List<Double> slopes = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            for (int j = i + 1; j < samples.size(); j++) {
                double grown =
                        bytes.applyAsDouble(samples.get(j)) - bytes.applyAsDouble(samples.get(i));
                slopes.add(grown / (samples.get(j).evaluations - samples.get(i).evaluations));
            }
        }
        double[] sorted = slopes.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    @Test
    public void aSlopeIsMeasured() {
        double[] noise = {5, -3, 900, 2, -4, 0, 3, -5};
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < noise.length; i++) {
            samples.add(new Sample(100 * i, 1e8 + 100 * 40 * i + noise[i], 0, 0));
        }
        assertEquals(slope(samples, Sample::nativeBytes), 40, 0.1);
        assertEquals(slope(samples, Sample::javaBytes), 0);
    }

    private static final class Planted extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** The last step of every loss throws: all that was computed by then is freed. */
    @Test(dataProvider = "engines")
    public void anExceptionInTheMiddleLeaksNothing(String engine) {
        Engine named = Engine.getEngine(engine);
        int tried = 0;
        for (Subject subject : Subject.all(Subject.NIGHTLY ? Integer.MAX_VALUE : 3)) {
            if (GoldenRow.of(subject.type()).isEmpty()
                    || Declarations.of(subject.type()).has(Trait.MEAN_ONLY)) {
                continue;
            }
            Object builder = Catalogue.builder(subject.type(), subject.row().options());
            Method reduction = Catalogue.method(builder, "optReduction");
            if (reduction == null) {
                continue;
            }
            int[] reached = {0};
            Catalogue.call(
                    reduction,
                    builder,
                    Reduction.of(
                            "planted",
                            values -> {
                                values.add(1);
                                reached[0]++;
                                throw new Planted();
                            }));
            Loss loss = Catalogue.build(builder);
            loss.addAccumulator("all");
            try (NDManager root = named.newBaseManager();
                    NDManager ofLabels = root.newSubManager();
                    NDManager ofPredictions = root.newSubManager()) {
                NDList labels = Data.arrays(subject.row().labels(), ofLabels, DataType.FLOAT32);
                NDList predictions =
                        Data.arrays(subject.row().predictions(), ofPredictions, DataType.FLOAT32);
                predictions.forEach(array -> array.setRequiresGradient(true));
                int[] before = counts(root, ofLabels, ofPredictions);
                try (GradientCollector recording = named.newGradientCollector()) {
                    assertTrue(recording != null);
                    expectThrows(Planted.class, () -> loss.evaluate(labels, predictions));
                    expectThrows(
                            Planted.class,
                            () -> loss.updateAccumulator("all", labels, predictions));
                }
                String after = Arrays.toString(counts(root, ofLabels, ofPredictions));
                assertEquals(after, Arrays.toString(before), engine + ", " + subject);
                assertEquals(reached[0], 2, subject.toString());
            }
            tried++;
        }
        assertTrue(tried > 80, "only " + tried);
    }

    /** Bad input leaves nothing behind either. */
    @Test(dataProvider = "engines")
    public void aRejectionLeaksNothing(String engine) {
        for (Subject subject : Subject.all(2)) {
            try (NDManager manager = Engine.getEngine(engine).newBaseManager()) {
                Loss loss = subject.build(manager);
                NDList labels = Data.arrays(subject.row().labels(), manager, DataType.FLOAT32);
                NDList predictions =
                        Data.arrays(subject.row().predictions(), manager, DataType.FLOAT32);
                NDList wrong = new NDList(predictions);
                wrong.set(0, predictions.get(0).toType(DataType.INT32, false));
                int before = counts(manager)[0];
                expectThrows(IllegalArgumentException.class, () -> loss.evaluate(labels, wrong));
                assertEquals(counts(manager)[0], before, engine + ", " + subject);
            }
        }
    }

    @Test(dataProvider = "engines")
    public void closingTheManagerOfThePredictionsFreesTheResult(String engine) {
        for (Subject subject : Subject.all(2)) {
            try (NDManager root = Engine.getEngine(engine).newBaseManager()) {
                Loss loss = subject.build(root);
                NDList labels = Data.arrays(subject.row().labels(), root, DataType.FLOAT32);
                int before = counts(root)[0];
                NDManager ofPredictions = root.newSubManager();
                NDList predictions =
                        Data.arrays(subject.row().predictions(), ofPredictions, DataType.FLOAT32);
                NDArray value = loss.evaluate(labels, predictions);
                assertFalse(isReleased(value), subject.toString());
                ofPredictions.close();
                assertTrue(isReleased(value), engine + ", " + subject);
                assertEquals(counts(root)[0], before, engine + ", " + subject);
            }
        }
    }

    private static boolean isReleased(NDArray array) {
        return ((ai.djl.util.NativeResource<?>) array).isReleased();
    }

    private static int[] counts(NDManager... managers) {
        return Arrays.stream(managers)
                .mapToInt(manager -> manager.getManagedArrays().size())
                .toArray();
    }
}
