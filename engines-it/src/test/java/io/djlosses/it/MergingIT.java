/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertSame;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.LocalParameterServer;
import ai.djl.training.ParameterServer;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;

import io.djlosses.Losses;
import io.djlosses.api.AbstractLoss;
import io.djlosses.api.EmptyPolicy;
import io.djlosses.api.Fraction;
import io.djlosses.classification.CrossEntropyLoss;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Trait;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;
import org.testng.SkipException;
import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The parts of a batch give the value and the gradient of the whole: in micro-batches, on several
 * devices whose gradients DJL adds, and in partitions that exchange numbers.
 */
public class MergingIT {

    @DataProvider
    public Object[][] engines() {
        return Outcome.engines().stream()
                .map(engine -> new Object[] {engine})
                .toArray(Object[][]::new);
    }

    @DataProvider
    public Object[][] enginesAndLosses() {
        List<Object[]> pairs = new ArrayList<>();
        for (Class<? extends Loss> loss : Catalogue.withRows()) {
            for (String engine : Outcome.engines()) {
                if (!Declarations.of(loss).has(Trait.WHOLE_BATCH)) {
                    pairs.add(new Object[] {engine, loss});
                }
            }
        }
        return pairs.toArray(Object[][]::new);
    }

    // ------------------------------------------------------------------ every loss

    @Test(dataProvider = "enginesAndLosses")
    public void partsHaveTheValueAndTheGradientOfTheWhole(
            String engine, Class<? extends Loss> type) {
        int merged = 0;
        for (GoldenRow row : GoldenRow.seeds(type)) {
            Loss loss = Catalogue.build(type, row.optionsWith("MEAN"), null);
            Batch batch = Batch.of(row, loss);
            if (batch == null || !(loss instanceof AbstractLoss template)) {
                continue;
            }
            Outcome whole = Outcome.of(engine, loss, row, DataType.FLOAT64, null, 1);
            if (whole.value().length != 1) {
                continue; // a loss whose only reduction is NONE
            }
            List<int[]> single =
                    IntStream.range(0, batch.size()).mapToObj(i -> new int[] {i}).toList();
            for (List<int[]> parts : List.of(batch.parts(), single)) {
                for (boolean devices : new boolean[] {false, true}) {
                    String fault = compare(engine, template, row, batch, parts, devices, whole);
                    assertEquals(fault, null, row + " in " + parts.size() + " parts");
                    merged++;
                }
            }
        }
        // What has no rows to cut has none by its nature.
        String property = "MergingIT.partsHaveTheValueAndTheGradientOfTheWhole";
        Tally.count(property, type, merged, "cuts", Trait.NO_BATCH);
    }

    private static @Nullable String compare(
            String engine,
            AbstractLoss loss,
            GoldenRow row,
            Batch batch,
            List<int[]> parts,
            boolean devices,
            Outcome whole) {
        Engine named = Engine.getEngine(engine);
        try (NDManager manager = Place.manager(named)) {
            NDList shared = Data.arrays(row.predictions(), manager, DataType.FLOAT64);
            shared.forEach(array -> array.setRequiresGradient(true));
            List<NDList> predictions = new ArrayList<>();
            List<Fraction> fractions = new ArrayList<>();
            try (GradientCollector collector = named.newGradientCollector()) {
                for (int[] part : parts) {
                    GoldenRow samples = batch.take(row, part);
                    NDList arrays = Data.arrays(samples.predictions(), manager, DataType.FLOAT64);
                    arrays.forEach(array -> array.setRequiresGradient(true));
                    predictions.add(arrays);
                    NDList labels = Data.arrays(samples.labels(), manager, DataType.FLOAT64);
                    fractions.add(loss.fraction(labels, arrays));
                }
                List<NDArray> values =
                        devices
                                ? Fraction.values(fractions)
                                : List.of(
                                        fractions.stream()
                                                .reduce(Fraction::plus)
                                                .orElseThrow()
                                                .value());
                for (NDArray value : values) {
                    String fault =
                            Outcome.difference(whole.value(), Nd.toDoubles(value), 1e-12, 1e-15);
                    if (fault != null) {
                        return "value: " + fault;
                    }
                    collector.backward(value);
                }
            }
            for (int i = 0; i < row.predictions().size(); i++) {
                String fault = gradients(row, batch, parts, predictions, whole, i);
                if (fault != null) {
                    return "gradient " + i + ": " + fault;
                }
            }
            return null;
        }
    }

    /** Compares the gradient of a prediction: side by side, or added where all parts share it. */
    private static @Nullable String gradients(
            GoldenRow row,
            Batch batch,
            List<int[]> parts,
            List<NDList> predictions,
            Outcome whole,
            int i) {
        double[] gradient = whole.gradients().get(i);
        int axis = batch.predictions().get(i);
        double[] sum = new double[gradient.length];
        for (int p = 0; p < parts.size(); p++) {
            double[] actual = Nd.toDoubles(predictions.get(p).get(i).getGradient());
            if (axis < 0) {
                Arrays.setAll(sum, k -> sum[k] + actual[k]);
                continue;
            }
            Data data = new Data("float", row.predictions().get(i).shape(), gradient);
            double[] expected = data.take(axis, parts.get(p)).values();
            double scale = Arrays.stream(gradient).map(Math::abs).max().orElse(0);
            String fault = Outcome.difference(expected, actual, 1e-10, 1e-10 * scale);
            if (fault != null) {
                return "part " + p + ": " + fault;
            }
        }
        return axis < 0 ? Outcome.difference(gradient, sum, 1e-10, 0) : null;
    }

    // ------------------------------------------------------------------ nothing to average

    @Test(dataProvider = "engines")
    public void partsOfNothingFollowThePolicy(String engine) {
        Engine named = Engine.getEngine(engine);
        for (EmptyPolicy policy : new EmptyPolicy[] {EmptyPolicy.NAN, EmptyPolicy.ZERO}) {
            CrossEntropyLoss loss =
                    CrossEntropyLoss.builder().optIgnoreIndex(-1).optEmptyPolicy(policy).build();
            try (NDManager manager = Place.manager(named)) {
                NDArray logits =
                        Nd.create(manager, new double[6], new Shape(2, 3), DataType.FLOAT32);
                logits.setRequiresGradient(true);
                NDList ignored = new NDList(Nd.create(manager, new long[] {-1, -1}, new Shape(2)));
                try (GradientCollector collector = named.newGradientCollector()) {
                    Fraction part = loss.fraction(ignored, new NDList(logits));
                    assertSame(part.loss(), loss);
                    NDArray value = part.plus(loss.fraction(ignored, new NDList(logits))).value();
                    double expected = policy == EmptyPolicy.ZERO ? 0 : Double.NaN;
                    assertEquals(Nd.toDoubles(value)[0], expected);
                    collector.backward(value);
                }
                assertEquals(Nd.toDoubles(logits.getGradient()), new double[6]);
            }
        }
    }

    // ------------------------------------------------------------------ in a trainer

    private static final int SIZE = 22;

    private static Task task() {
        return Task.of(CrossEntropyLoss.class, "weight, ignored, smoothed");
    }

    private interface Step {
        void train(Trainer trainer, AbstractLoss loss, List<NDList> data, List<NDList> labels);
    }

    /** Takes a step with a batch in parts, and returns the parameters after it. */
    private static double[] step(String engine, int[] ends, Step step) {
        Task task = task();
        Block network = task.network().get();
        AbstractLoss loss = (AbstractLoss) task.loss().apply(network);
        try (Model model = Place.model(engine)) {
            model.setBlock(network);
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(loss)
                            .optDevices(new Device[] {model.getNDManager().getDevice()})
                            .optOptimizer(sgd());
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(new Shape(SIZE, Task.FEATURES));
                List<Data> samples = task.samples(SIZE, 3);
                List<NDList> data = new ArrayList<>();
                List<NDList> labels = new ArrayList<>();
                int from = 0;
                for (int end : ends) {
                    int[] part = IntStream.range(from, end).toArray();
                    NDManager manager = trainer.getManager();
                    data.add(
                            new NDList(
                                    samples.get(0).take(0, part).array(manager, DataType.FLOAT32)));
                    labels.add(
                            new NDList(
                                    samples.get(1).take(0, part).array(manager, DataType.FLOAT32)));
                    from = end;
                }
                step.train(trainer, loss, data, labels);
                trainer.step();
            }
            return values(network);
        }
    }

    private static Optimizer sgd() {
        return Optimizer.sgd().setLearningRateTracker(Tracker.fixed(0.5f)).build();
    }

    private static double[] values(Block network) {
        return network.getParameters().values().stream()
                .flatMapToDouble(p -> Arrays.stream(Nd.toDoubles(p.getArray())))
                .toArray();
    }

    private static double[] wholeBatch(String engine) {
        return step(
                engine,
                new int[] {SIZE},
                (trainer, loss, data, labels) -> {
                    try (GradientCollector collector = trainer.newGradientCollector()) {
                        NDList predictions = trainer.forward(data.get(0));
                        collector.backward(loss.evaluate(labels.get(0), predictions));
                    }
                });
    }

    @Test(dataProvider = "engines")
    public void microBatchesTrainAsTheWhole(String engine) {
        for (int[] ends : new int[][] {{8, 16, SIZE}, {1, SIZE}, {5, 6, 20, SIZE}}) {
            double[] parts =
                    step(
                            engine,
                            ends,
                            (trainer, loss, data, labels) -> {
                                try (GradientCollector collector = trainer.newGradientCollector()) {
                                    Fraction whole =
                                            loss.fraction(
                                                    labels.get(0), trainer.forward(data.get(0)));
                                    for (int i = 1; i < data.size(); i++) {
                                        NDList predictions = trainer.forward(data.get(i));
                                        whole =
                                                whole.plus(
                                                        loss.fraction(labels.get(i), predictions));
                                    }
                                    collector.backward(whole.value());
                                }
                            });
            assertEquals(Outcome.difference(wholeBatch(engine), parts, 1e-6, 0), null);
        }
    }

    @Test(dataProvider = "engines")
    public void oneMicroBatchAtATimeTrainsAsTheWhole(String engine) {
        if (!engine.equals("PyTorch")) {
            throw new SkipException(engine + " replaces gradients, where PyTorch adds them");
        }
        double[] parts =
                step(
                        engine,
                        new int[] {8, 16, SIZE},
                        (trainer, loss, data, labels) -> {
                            double divisor = 0;
                            for (int i = 0; i < data.size(); i++) {
                                try (GradientCollector collector = trainer.newGradientCollector()) {
                                    Fraction part =
                                            loss.fraction(
                                                    labels.get(i), trainer.forward(data.get(i)));
                                    divisor += Nd.toDoubles(part.denominator())[0];
                                    collector.backward(part.numerator());
                                }
                            }
                            for (Parameter parameter :
                                    trainer.getModel().getBlock().getParameters().values()) {
                                parameter.getArray().getGradient().divi((float) divisor);
                            }
                        });
        assertEquals(Outcome.difference(wholeBatch(engine), parts, 1e-6, 0), null);
    }

    // ------------------------------------------------------------------ on several devices

    /**
     * DJL knows one CPU only, so the devices are copies of the parameters, and their gradients go
     * to the parameter server that DJL has for several devices.
     */
    @Test(dataProvider = "engines")
    public void devicesTrainAsOne(String engine) {
        Task task = task();
        Engine named = Engine.getEngine(engine);
        int[][] splits = {{0, 11, SIZE}, {0, 3, 20, SIZE}, {0, 1, 2, SIZE}};
        for (int[] split : splits) {
            List<Data> samples = task.samples(SIZE, 3);
            try (NDManager manager = Place.manager(named)) {
                int devices = split.length - 1;
                List<NDArray> weights = new ArrayList<>();
                List<Fraction> fractions = new ArrayList<>();
                NDArray single = weight(manager);
                AbstractLoss loss = (AbstractLoss) task.loss().apply(task.network().get());
                try (GradientCollector collector = named.newGradientCollector()) {
                    for (int d = 0; d < devices; d++) {
                        int[] part = IntStream.range(split[d], split[d + 1]).toArray();
                        weights.add(weight(manager));
                        fractions.add(
                                loss.fraction(
                                        labels(samples, manager, part),
                                        forward(samples, manager, part, weights.get(d))));
                    }
                    Fraction.values(fractions).forEach(collector::backward);
                }
                try (GradientCollector collector = named.newGradientCollector()) {
                    int[] all = IntStream.range(0, SIZE).toArray();
                    collector.backward(
                            loss.evaluate(
                                    labels(samples, manager, all),
                                    forward(samples, manager, all, single)));
                }
                NDArray[] copies = weights.toArray(NDArray[]::new);
                try (ParameterServer server = new LocalParameterServer(sgd())) {
                    server.update("w", copies);
                    server.update("one", new NDArray[] {single});
                }
                double[] expected = Nd.toDoubles(single);
                for (NDArray copy : copies) {
                    assertEquals(Outcome.difference(expected, Nd.toDoubles(copy), 1e-6, 0), null);
                }
            }
        }
    }

    private static NDArray weight(NDManager manager) {
        double[] values = IntStream.range(0, 20).mapToDouble(i -> Math.sin(i)).toArray();
        NDArray weight = Nd.create(manager, values, new Shape(Task.FEATURES, 4), DataType.FLOAT32);
        weight.setRequiresGradient(true);
        return weight;
    }

    private static NDList labels(List<Data> samples, NDManager manager, int[] part) {
        return new NDList(samples.get(1).take(0, part).array(manager, DataType.FLOAT32));
    }

    private static NDList forward(
            List<Data> samples, NDManager manager, int[] part, NDArray weight) {
        NDArray features = samples.get(0).take(0, part).array(manager, DataType.FLOAT32);
        return new NDList(features.matMul(weight));
    }

    // ------------------------------------------------------------------ partitions

    @Test(dataProvider = "engines")
    public void partitionsExchangeTwoNumbers(String engine) {
        AbstractLoss loss = Losses.rmseLoss();
        double[] whole = {1, 2, 3, 4, 50};
        try (NDManager manager = Place.manager(engine)) {
            double numerator = 0;
            double denominator = 0;
            for (int[] part : new int[][] {{0, 3}, {3, 5}}) {
                double[] values = Arrays.copyOfRange(whole, part[0], part[1]);
                Shape shape = new Shape(values.length);
                NDArray x = Nd.create(manager, values, shape, DataType.FLOAT64);
                try (Fraction fraction = loss.fraction(new NDList(x.zerosLike()), new NDList(x))) {
                    numerator += Nd.toDoubles(fraction.numerator())[0];
                    denominator += Nd.toDoubles(fraction.denominator())[0];
                }
            }
            Fraction merged =
                    new Fraction(loss, scalar(manager, numerator), scalar(manager, denominator));
            double expected =
                    Math.sqrt(Arrays.stream(whole).map(v -> v * v).average().orElseThrow());
            assertEquals(Nd.toDoubles(merged.value())[0], expected, 1e-12);
        }
    }

    private static NDArray scalar(NDManager manager, double value) {
        return Nd.create(manager, new double[] {value}, new Shape(), DataType.FLOAT64);
    }
}
