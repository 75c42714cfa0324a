/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertTrue;
import static org.testng.Assert.expectThrows;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.TranslateException;

import io.djlosses.Losses;
import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Choice;
import io.djlosses.api.EmptyPolicy;
import io.djlosses.api.Fraction;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Reduction;
import io.djlosses.classification.CrossEntropyLoss;
import io.djlosses.distribution.KLDivLoss;
import io.djlosses.embedding.TripletMarginLoss;
import io.djlosses.examples.catalog.Lesson;
import io.djlosses.nd.Nd;
import io.djlosses.optimizer.UncheckedTrainer;
import io.djlosses.regression.MSELoss;
import io.djlosses.regularization.ElasticNetRegularization;
import io.djlosses.regularization.L1Regularization;
import io.djlosses.regularization.L2Regularization;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/** What DJL's trainer throws at, and the way through. */
public class TrapsIT {

    private static final BiFunction<Model, TrainingConfig, Trainer> DJL = Model::newTrainer;
    private static final BiFunction<Model, TrainingConfig, Trainer> UNCHECKED =
            UncheckedTrainer::new;

    @DataProvider
    public Object[][] engines() {
        return Outcome.engines().stream()
                .map(engine -> new Object[] {engine})
                .toArray(Object[][]::new);
    }

    private static DefaultTrainingConfig config(Model model, Loss loss) {
        return new DefaultTrainingConfig(loss)
                .optDevices(new Device[] {model.getNDManager().getDevice()})
                .optOptimizer(Optimizer.adam().optLearningRateTracker(Tracker.fixed(0.1f)).build())
                .addTrainingListeners(TrainingListener.Defaults.basic());
    }

    /** Trains a network and returns its parameters. */
    private static double[] train(
            String engine,
            Block network,
            Loss loss,
            DataType type,
            List<Data> samples,
            BiFunction<Model, TrainingConfig, Trainer> trainers)
            throws IOException, TranslateException {
        try (Model model = Place.model(engine)) {
            model.setDataType(type);
            model.setBlock(network);
            try (Trainer trainer = trainers.apply(model, config(model, loss))) {
                trainer.initialize(samples.get(0).shape());
                EasyTrain.fit(trainer, 5, new Samples(samples, 8, type), null);
            }
            return network.getParameters().values().stream()
                    .flatMapToDouble(p -> Arrays.stream(Nd.toDoubles(p.getArray())))
                    .toArray();
        }
    }

    // ------------------------------------------------------------------ gradients of zero

    @Test(dataProvider = "engines")
    public void gradientsOfZeroNeedNotStopATraining(String engine)
            throws IOException, TranslateException {
        // All margins are satisfied: the negatives are far away.
        zeroes(
                engine,
                Losses.tripletMarginLoss(),
                () -> Task.network(Lesson.heads(4, x -> x, x -> x, x -> x.add(100))),
                Task.of(TripletMarginLoss.class).samples(20, 3));

        // Every target of the first batches is ignored.
        List<Data> ignored = Task.of(CrossEntropyLoss.class).samples(20, 3);
        ignored.set(1, ignored.get(1).map(y -> -1));
        Loss entropy =
                CrossEntropyLoss.builder()
                        .optIgnoreIndex(-1)
                        .optEmptyPolicy(EmptyPolicy.ZERO)
                        .build();
        zeroes(engine, entropy, () -> Task.network(Lesson.heads(4, x -> x)), ignored);
    }

    private static void zeroes(
            String engine, Loss loss, Supplier<Block> network, List<Data> samples)
            throws IOException, TranslateException {
        IllegalStateException e =
                expectThrows(
                        IllegalStateException.class,
                        () -> train(engine, network.get(), loss, DataType.FLOAT32, samples, DJL));
        assertTrue(
                ("" + e.getMessage()).startsWith("Gradient values are all zeros"), e.getMessage());
        // One way through is a trainer that does not ask.
        double[] after = train(engine, network.get(), loss, DataType.FLOAT32, samples, UNCHECKED);
        assertTrue(Arrays.stream(after).allMatch(Double::isFinite));
        // The other, on any number of devices, is a penalty too small to matter.
        Block block = network.get();
        Loss penalized = Losses.sum(loss, Losses.l2Regularization(block, 1e-12));
        after = train(engine, block, penalized, DataType.FLOAT32, samples, DJL);
        assertTrue(Arrays.stream(after).allMatch(Double::isFinite));
    }

    @Test(dataProvider = "engines")
    public void gradientsThatCancelAreNotZero(String engine)
            throws IOException, TranslateException {
        // Two classes, one layer: what one row of the weights gains the other loses.
        // Of numbers that FLOAT32 adds without rounding.
        List<Data> samples = Task.of(CrossEntropyLoss.class).samples(20, 3);
        samples.set(0, samples.get(0).map(x -> Math.rint(8 * x) / 8));
        samples.set(1, samples.get(1).map(y -> y % 2));
        Block layer = Linear.builder().setUnits(2).optBias(false).build();
        Loss loss = Losses.multiMarginLoss();
        IllegalStateException e =
                expectThrows(
                        IllegalStateException.class,
                        () -> train(engine, layer, loss, DataType.FLOAT32, samples, DJL));
        assertTrue(
                ("" + e.getMessage()).startsWith("Gradient values are all zeros"), e.getMessage());
        Block other = Linear.builder().setUnits(2).optBias(false).build();
        double[] after = train(engine, other, loss, DataType.FLOAT32, samples, UNCHECKED);
        assertTrue(Arrays.stream(after).allMatch(Double::isFinite));
    }

    @Test(dataProvider = "engines")
    public void theUncheckedTrainerComputesTheSame(String engine)
            throws IOException, TranslateException {
        Task task = Task.of(MSELoss.class);
        List<Data> samples = task.samples(20, 3);
        Loss loss = Losses.mseLoss();
        double[] djl = train(engine, task.network().get(), loss, DataType.FLOAT32, samples, DJL);
        double[] own =
                train(engine, task.network().get(), loss, DataType.FLOAT32, samples, UNCHECKED);
        assertEquals(own, djl);
    }

    @Test(dataProvider = "engines")
    public void theUncheckedTrainerIsForOneDevice(String engine) {
        try (Model model = Place.model(engine)) {
            model.setBlock(Linear.builder().setUnits(2).build());
            DefaultTrainingConfig two =
                    config(model, Losses.mseLoss())
                            .optDevices(new Device[] {Device.gpu(7), Device.gpu(8)});
            IllegalArgumentException e =
                    expectThrows(
                            IllegalArgumentException.class, () -> new UncheckedTrainer(model, two));
            assertEquals(
                    e.getMessage(),
                    "UncheckedTrainer: devices must be the device of the model alone ("
                            + model.getNDManager().getDevice()
                            + "), but was [gpu(7), gpu(8)]");
        }
    }

    // ------------------------------------------------------------------ data types, reductions

    @Test(dataProvider = "engines")
    public void doublePrecisionTrains(String engine) throws IOException, TranslateException {
        for (Task task :
                List.of(
                        Task.of(MSELoss.class),
                        Task.of(CrossEntropyLoss.class, "weight, ignored, smoothed"))) {
            List<Data> samples = task.samples(20, 3);
            Loss loss = task.loss().apply(task.network().get());
            double[] wide =
                    train(engine, task.network().get(), loss, DataType.FLOAT64, samples, UNCHECKED);
            double[] single =
                    train(engine, task.network().get(), loss, DataType.FLOAT32, samples, DJL);
            assertEquals(Outcome.difference(wide, single, 1e-3, 0), null);
            assertTrue(Outcome.difference(wide, single, 1e-12, 0) != null, "it was FLOAT32");
        }
        // DJL's own trainer reads the sum of the gradients as FLOAT32, its losses their value.
        Task task = Task.of(MSELoss.class);
        List<Data> samples = task.samples(20, 3);
        IllegalStateException trainer =
                expectThrows(
                        IllegalStateException.class,
                        () ->
                                train(
                                        engine,
                                        task.network().get(),
                                        Losses.mseLoss(),
                                        DataType.FLOAT64,
                                        samples,
                                        DJL));
        assertTrue(("" + trainer.getMessage()).contains("DataType mismatch"), trainer.getMessage());
        IllegalStateException loss =
                expectThrows(
                        IllegalStateException.class,
                        () ->
                                train(
                                        engine,
                                        task.network().get(),
                                        Loss.l2Loss(),
                                        DataType.FLOAT64,
                                        samples,
                                        UNCHECKED));
        assertTrue(("" + loss.getMessage()).contains("DataType mismatch"), loss.getMessage());
    }

    @Test(dataProvider = "engines")
    public void noReductionTrainsAsTheSum(String engine) throws IOException, TranslateException {
        Task task = Task.of(MSELoss.class);
        List<Data> samples = task.samples(20, 3);
        double[][] parameters = new double[2][];
        int i = 0;
        for (Reduction reduction : List.of(Reduction.NONE, Reduction.SUM)) {
            Loss loss = MSELoss.builder().optReduction(reduction).build();
            parameters[i++] =
                    train(engine, task.network().get(), loss, DataType.FLOAT32, samples, DJL);
        }
        assertEquals(Outcome.difference(parameters[1], parameters[0], 1e-4, 0), null);
    }

    // ------------------------------------------------------------------ several devices

    @Test(dataProvider = "engines")
    public void aPenaltyCountsOnceOnSeveralDevices(String engine) {
        try (NDManager manager = Place.manager(engine)) {
            Block layer = Linear.builder().setUnits(2).build();
            layer.initialize(manager, DataType.FLOAT32, new Shape(1, 3));
            NDArray here = Nd.create(manager, new double[2], new Shape(2), DataType.FLOAT32);
            NDList elsewhere = new NDList(on(Device.gpu(3), here));
            Loss once =
                    L2Regularization.builder()
                            .setBlock(layer)
                            .optLambda(1)
                            .optPrimaryDeviceOnly(true)
                            .build();
            double penalty = once.evaluate(new NDList(), new NDList(here)).getFloat();
            assertTrue(penalty > 0);
            assertEquals(once.evaluate(new NDList(), elsewhere).getFloat(), 0f);
            Loss everywhere = Losses.l2Regularization(layer, 1);
            IllegalArgumentException e =
                    expectThrows(
                            IllegalArgumentException.class,
                            () -> everywhere.evaluate(new NDList(), elsewhere));
            assertTrue(
                    ("" + e.getMessage()).contains("optPrimaryDeviceOnly(true)"), e.getMessage());
        }
    }

    /** Under every reduction, parts and accumulators of three devices have the penalty once. */
    @Test(dataProvider = "engines")
    public void partsOfSeveralDevicesHaveThePenaltyOnce(String engine) {
        try (NDManager manager = Place.manager(engine)) {
            Block layer = Linear.builder().setUnits(2).build();
            layer.initialize(manager, DataType.FLOAT32, new Shape(1, 3));
            NDArray here = Nd.create(manager, new double[2], new Shape(2), DataType.FLOAT32);
            NDList[] devices = {
                new NDList(here),
                new NDList(on(Device.gpu(3), here)),
                new NDList(on(Device.gpu(4), here))
            };
            for (Choice reading : Choice.of(engine)) {
                for (Reduction reduction :
                        List.of(
                                Reduction.MEAN,
                                Reduction.SUM,
                                Reduction.BATCH_MEAN,
                                Reduction.NONE)) {
                    for (LossBuilder<?, ?> builder :
                            List.<LossBuilder<?, ?>>of(
                                    L1Regularization.builder()
                                            .setBlock(layer)
                                            .optPrimaryDeviceOnly(true),
                                    L2Regularization.builder()
                                            .setBlock(layer)
                                            .optPrimaryDeviceOnly(true),
                                    ElasticNetRegularization.builder()
                                            .setBlock(layer)
                                            .optPrimaryDeviceOnly(true))) {
                        AbstractLoss penalty =
                                (AbstractLoss) reading.on(builder).optReduction(reduction).build();
                        once(penalty, devices, reading + ", " + reduction + ", " + penalty);
                    }
                }
            }
        }
    }

    private static void once(AbstractLoss penalty, NDList[] devices, String what) {
        NDList none = new NDList();
        double expected = Nd.toDoubles(penalty.evaluate(none, devices[0]))[0];
        penalty.addAccumulator("epoch");
        List<Fraction> parts = new ArrayList<>();
        double sum = 0;
        for (NDList device : devices) {
            sum += Nd.toDoubles(penalty.evaluate(none, device))[0];
            parts.add(penalty.fraction(none, device));
            penalty.updateAccumulator("epoch", none, device);
        }
        assertEquals(sum, expected, 1e-6, what);
        for (NDArray value : Fraction.values(parts)) {
            assertEquals(Nd.toDoubles(value)[0], expected, 1e-6, what);
        }
        assertEquals(penalty.getAccumulatorAsDouble("epoch"), expected, 1e-6, what);
        Fraction merged = parts.get(0).plus(parts.get(1)).plus(parts.get(2));
        assertEquals(Nd.toDoubles(merged.value())[0], expected, 1e-6, what);
    }

    /** An array that says it is on another device: there is one CPU, and DJL knows no other. */
    private static NDArray on(Device device, NDArray array) {
        return (NDArray)
                Proxy.newProxyInstance(
                        NDArray.class.getClassLoader(),
                        new Class<?>[] {NDArray.class},
                        (proxy, method, arguments) ->
                                switch (method.getName()) {
                                    case "getDevice" -> device;
                                    case "stopGradient" -> on(device, array.stopGradient());
                                    default -> method.invoke(array, arguments);
                                });
    }

    // ------------------------------------------------------------------ labels that learn

    @Test(dataProvider = "engines")
    public void labelsLearnWhereTheLossIsBuiltForIt(String engine) {
        Engine named = Engine.getEngine(engine);
        double[] teacherValues = {0.2, -0.4, 1, 0.3, 0.1, -2};
        try (NDManager manager = Place.manager(named)) {
            Shape shape = new Shape(2, 3);
            NDArray teacher = Nd.create(manager, teacherValues, shape, DataType.FLOAT32);
            NDArray student = Nd.create(manager, new double[6], shape, DataType.FLOAT32);
            teacher.setRequiresGradient(true);
            student.setRequiresGradient(true);
            KLDivLoss learning =
                    KLDivLoss.builder()
                            .optReduction(Reduction.BATCH_MEAN)
                            .optLabelGradient(true)
                            .build();
            try (GradientCollector collector = named.newGradientCollector()) {
                NDArray value =
                        learning.evaluate(
                                new NDList(teacher.softmax(1)),
                                new NDList(Nd.logSoftmax(student, 1)));
                collector.backward(value);
            }
            for (NDArray array : new NDArray[] {teacher, student}) {
                double[] gradient = Nd.toDoubles(array.getGradient());
                assertTrue(Arrays.stream(gradient).anyMatch(g -> Math.abs(g) > 1e-3));
            }
            // Otherwise a label that asks for a gradient is an error, not a silent zero.
            KLDivLoss constant = KLDivLoss.builder().build();
            IllegalArgumentException e =
                    expectThrows(
                            IllegalArgumentException.class,
                            () -> constant.evaluate(new NDList(teacher), new NDList(student)));
            assertTrue(("" + e.getMessage()).contains("optLabelGradient(true)"), e.getMessage());
        }
    }

    @Test(dataProvider = "engines")
    public void computedLabelsAreConstants(String engine) {
        // No engine tells whether a computed array belongs to a graph, so nothing can be said.
        Engine named = Engine.getEngine(engine);
        try (NDManager manager = Place.manager(named)) {
            NDArray teacher =
                    Nd.create(manager, new double[] {1, 2}, new Shape(2), DataType.FLOAT32);
            NDArray student =
                    Nd.create(manager, new double[] {3, 5}, new Shape(2), DataType.FLOAT32);
            teacher.setRequiresGradient(true);
            student.setRequiresGradient(true);
            try (GradientCollector collector = named.newGradientCollector()) {
                NDArray value =
                        Losses.mseLoss()
                                .evaluate(new NDList(Nd.mul(teacher, 2)), new NDList(student));
                collector.backward(value);
            }
            assertEquals(Nd.toDoubles(student.getGradient()), new double[] {1, 1});
            assertEquals(Nd.toDoubles(teacher.getGradient()), new double[2]);
        }
    }
}
