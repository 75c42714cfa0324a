/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertTrue;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.metric.Metric;
import ai.djl.metric.Metrics;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingResult;
import ai.djl.training.evaluator.Evaluator;
import ai.djl.training.evaluator.IndexEvaluator;
import ai.djl.training.listener.EpochTrainingListener;
import ai.djl.training.listener.EvaluatorTrainingListener;
import ai.djl.training.loss.IndexLoss;
import ai.djl.training.loss.Loss;
import ai.djl.training.loss.SimpleCompositeLoss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.TranslateException;

import io.djlosses.Losses;
import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Fraction;
import io.djlosses.api.Reduction;
import io.djlosses.classification.CrossEntropyLoss;
import io.djlosses.composite.MultiLabelLoss;
import io.djlosses.composite.WeightedSumLoss;
import io.djlosses.embedding.TripletMarginLoss;
import io.djlosses.examples.catalog.Declaration;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Trait;
import io.djlosses.nd.Nd;
import io.djlosses.regression.MSELoss;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Every loss in a training run of DJL's own, by {@link EasyTrain#fit}. */
public class TrainingIT {

    private static final int SAMPLES = 22;
    private static final int BATCH = 8;
    private static final int EPOCHS = 10;

    @DataProvider
    public Object[][] engines() {
        return Outcome.engines().stream()
                .map(engine -> new Object[] {engine})
                .toArray(Object[][]::new);
    }

    @DataProvider
    public Object[][] enginesAndTasks() {
        List<Object[]> pairs = new ArrayList<>();
        for (String engine : Outcome.engines()) {
            Task.all().forEach(task -> pairs.add(new Object[] {engine, task}));
        }
        return pairs.toArray(Object[][]::new);
    }

    private static Samples samples(Task task, int size, long seed) {
        return new Samples(task.samples(size, seed), BATCH, DataType.FLOAT32);
    }

    private static Trainer trainer(Model model, Loss loss, Recorder recorder, Evaluator... more) {
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(loss)
                        .optDevices(new Device[] {model.getNDManager().getDevice()})
                        .optOptimizer(
                                Optimizer.adam()
                                        .optLearningRateTracker(Tracker.fixed(0.05f))
                                        .build())
                        .addTrainingListeners(
                                recorder,
                                new EvaluatorTrainingListener(),
                                new EpochTrainingListener());
        Arrays.stream(more).forEach(config::addEvaluator);
        Trainer trainer = model.newTrainer(config);
        trainer.setMetrics(new Metrics());
        trainer.initialize(new Shape(BATCH, Task.FEATURES));
        return trainer;
    }

    // ------------------------------------------------------------------ the catalogue

    @Test
    public void noLossIsLeftOut() {
        Set<Class<?>> left = new HashSet<>(Catalogue.losses());
        for (Task task : Task.all()) {
            left.remove(task.type());
            left.remove(task.loss().apply(task.network().get()).getClass());
        }
        assertEquals(left.toString(), "[]");
    }

    @Test(dataProvider = "enginesAndTasks")
    public void theLossFallsAndIsReportedExactly(String engine, Task task)
            throws IOException, TranslateException {
        Block network = task.network().get();
        Loss loss = task.loss().apply(network);
        Recorder recorder = new Recorder(loss);
        try (Model model = Place.model(engine)) {
            model.setBlock(network);
            try (Trainer trainer = trainer(model, loss, recorder)) {
                EasyTrain.fit(trainer, EPOCHS, samples(task, SAMPLES, 3), samples(task, 11, 5));
                TrainingResult result = trainer.getTrainingResult();
                assertEquals(result.getEpoch(), EPOCHS);
                double last = recorder.reported.get(EPOCHS - 1);
                assertEquals(result.getTrainLoss(), (float) last);
                assertEquals(result.getTrainEvaluation(loss.getName()), (float) last);
                assertEquals(
                        result.getValidateLoss(), recorder.validated.get(EPOCHS - 1).floatValue());
                List<Metric> metrics =
                        trainer.getMetrics().getMetric("train_epoch_" + loss.getName());
                assertEquals(
                        metrics.stream().map(m -> m.getValue().floatValue()).toList(),
                        recorder.reported.stream().map(Double::floatValue).toList());
            }
        }
        assertTrue(
                recorder.reported.get(EPOCHS - 1) < recorder.reported.get(0),
                "it did not fall: " + recorder.reported);
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
            List<GoldenRow> batches = recorder.epochs.get(epoch);
            assertEquals(batches.size(), 3);
            double penalty = penalty(engine, loss, batches, recorder.values.get(epoch));
            agrees(recorder.reported.get(epoch), whole(engine, loss, batches) + penalty);
            if (penalty == 0) {
                double whole = whole(engine, loss, recorder.validations.get(epoch));
                agrees(recorder.validated.get(epoch), whole);
            }
        }
    }

    private static void agrees(double actual, double expected) {
        double[] one = {expected};
        assertEquals(Outcome.difference(one, new double[] {actual}, 1e-6, 1e-7), null);
    }

    /** Computes the loss of a whole epoch at once, in double precision, without penalties. */
    private static double whole(String engine, Loss loss, List<GoldenRow> batches) {
        Declaration declaration = Declarations.of(loss.getClass());
        try (NDManager manager = Place.manager(engine)) {
            if (declaration.has(Trait.WHOLE_BATCH) || declaration.has(Trait.PARAMETERS)) {
                double numerator = 0;
                double denominator = 0;
                for (GoldenRow batch : batches) {
                    Fraction part =
                            ((AbstractLoss) loss)
                                    .fraction(labels(batch, manager), predictions(batch, manager));
                    numerator += Nd.toDoubles(part.numerator())[0];
                    denominator += Nd.toDoubles(part.denominator())[0];
                }
                return numerator / denominator;
            }
            GoldenRow epoch =
                    GoldenRow.of(
                            joined(batches, GoldenRow::labels),
                            joined(batches, GoldenRow::predictions));
            return mean(task(loss), labels(epoch, manager), predictions(epoch, manager));
        }
    }

    /** Returns the loss of the task alone, where penalties have been added. */
    private static Loss task(Loss loss) {
        return loss instanceof WeightedSumLoss sum ? sum.getComponents().get(0) : loss;
    }

    /** Returns what penalties added to the batches of an epoch, on average. */
    private static double penalty(
            String engine, Loss loss, List<GoldenRow> batches, List<Double> values) {
        if (!(loss instanceof WeightedSumLoss)) {
            return 0;
        }
        double sum = 0;
        for (int i = 0; i < values.size(); i++) {
            sum += values.get(i) - whole(engine, loss, batches.subList(i, i + 1));
        }
        return sum / values.size();
    }

    private static double mean(Loss loss, NDList labels, NDList predictions) {
        double[] values = Nd.toDoubles(loss.evaluate(labels, predictions));
        return Arrays.stream(values).average().orElse(Double.NaN);
    }

    private static NDList labels(GoldenRow row, NDManager manager) {
        return Data.arrays(row.labels(), manager, DataType.FLOAT64);
    }

    private static NDList predictions(GoldenRow row, NDManager manager) {
        return Data.arrays(row.predictions(), manager, DataType.FLOAT64);
    }

    private static List<Data> joined(
            List<GoldenRow> batches, Function<GoldenRow, List<Data>> columns) {
        int count = columns.apply(batches.get(0)).size();
        return IntStream.range(0, count)
                .mapToObj(
                        i ->
                                Data.concat(
                                        batches.stream()
                                                .map(b -> columns.apply(b).get(i))
                                                .toList()))
                .toList();
    }

    // ------------------------------------------------------------------ beside and inside others

    @Test(dataProvider = "engines")
    public void anotherLossIsReportedBesideTheTrainingLoss(String engine)
            throws IOException, TranslateException {
        Task task = Task.of(MSELoss.class);
        AbstractLoss loss = MSELoss.builder().optName("squares").build();
        AbstractLoss other = MSELoss.builder().optName("also squares").build();
        AbstractLoss third = Losses.l1Loss();
        Recorder recorder = new Recorder(loss);
        try (Model model = Place.model(engine)) {
            model.setBlock(task.network().get());
            try (Trainer trainer = trainer(model, loss, recorder, other, third)) {
                EasyTrain.fit(trainer, 2, samples(task, SAMPLES, 3), samples(task, 11, 5));
                TrainingResult result = trainer.getTrainingResult();
                assertEquals(result.getTrainLoss(), result.getTrainEvaluation("squares"));
                assertEquals(result.getTrainLoss(), result.getTrainEvaluation("also squares"));
                assertEquals(
                        result.getValidateLoss(), result.getValidateEvaluation("also squares"));
                agrees(
                        result.getTrainEvaluation("L1Loss"),
                        whole(engine, Losses.l1Loss(), recorder.epochs.get(1)));
            }
        }
    }

    /**
     * DJL's trainer has its loss among the evaluators, and once more where it was added as one; it
     * then updates the same accumulators twice with each batch.
     */
    @Test(dataProvider = "engines")
    public void aLossThatIsAlsoAnEvaluatorReportsItsSumOnce(String engine)
            throws IOException, TranslateException {
        Task task = Task.of(MSELoss.class);
        MSELoss sum = MSELoss.builder().optReduction(Reduction.SUM).build();
        Loss sums = Losses.sum(sum, Losses.l1Loss());
        Loss labels = MultiLabelLoss.builder().setLosses(sum).build();
        Loss djl = new SimpleCompositeLoss("djl").addLoss(sum).addLoss(Losses.l1Loss());
        for (Loss loss : new Loss[] {sum, sums, labels, djl}) {
            Map<Boolean, List<Float>> reports = new HashMap<>();
            for (boolean twice : new boolean[] {false, true, false, true}) {
                Recorder recorder = new Recorder(loss);
                Evaluator[] more = twice ? new Evaluator[] {loss} : new Evaluator[0];
                try (Model model = Place.model(engine)) {
                    model.setBlock(task.network().get());
                    try (Trainer trainer = trainer(model, loss, recorder, more)) {
                        EasyTrain.fit(trainer, 2, samples(task, SAMPLES, 3), samples(task, 11, 5));
                        TrainingResult result = trainer.getTrainingResult();
                        List<Float> report =
                                List.of(
                                        result.getTrainLoss(),
                                        result.getValidateLoss(),
                                        recorder.reported.get(0).floatValue());
                        assertEquals(reports.computeIfAbsent(twice, key -> report), report);
                        if (loss == sum) {
                            double total =
                                    recorder.values.get(1).stream()
                                            .mapToDouble(Double::doubleValue)
                                            .sum();
                            agrees(result.getTrainLoss(), total);
                        }
                    }
                }
            }
            assertEquals(reports.get(true), reports.get(false), loss.toString());
        }
    }

    /** What is added twice by the caller, with one accumulator, counts twice. */
    @Test(dataProvider = "engines")
    public void aBatchCountsAsOftenAsItIsAdded(String engine) {
        MSELoss loss = MSELoss.builder().optReduction(Reduction.SUM).build();
        try (NDManager manager = Place.manager(engine)) {
            NDList x = new NDList(manager.ones(new Shape(2)));
            NDList y = new NDList(manager.zeros(new Shape(2)));
            for (int epoch = 0; epoch < 2; epoch++) {
                loss.addAccumulator("epoch");
                for (int i = 0; i < 3; i++) {
                    loss.updateAccumulator("epoch", y, x);
                }
                assertEquals(loss.getAccumulatorAsDouble("epoch"), 6, 1e-6);
            }
            loss.addAccumulator("epoch");
            loss.addAccumulator("epoch");
            for (int i = 0; i < 4; i++) {
                loss.updateAccumulator("epoch", y, x);
            }
            assertEquals(loss.getAccumulatorAsDouble("epoch"), 4, 1e-6, "each batch twice");
        }
    }

    @Test(dataProvider = "engines")
    public void itTrainsInsideACompositeLossOfDjl(String engine)
            throws IOException, TranslateException {
        Task task = Task.of(MSELoss.class);
        Loss loss =
                new SimpleCompositeLoss("both").addLoss(Losses.mseLoss()).addLoss(Losses.l1Loss());
        Recorder recorder = new Recorder(loss);
        try (Model model = Place.model(engine)) {
            model.setBlock(task.network().get());
            try (Trainer trainer = trainer(model, loss, recorder)) {
                EasyTrain.fit(trainer, EPOCHS, samples(task, SAMPLES, 3), null);
            }
        }
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
            // Exact too: it adds what the accumulators of its components say.
            List<GoldenRow> batches = recorder.epochs.get(epoch);
            agrees(
                    recorder.reported.get(epoch),
                    whole(engine, Losses.mseLoss(), batches)
                            + whole(engine, Losses.l1Loss(), batches));
        }
        assertTrue(recorder.reported.get(EPOCHS - 1) < recorder.reported.get(0));
    }

    @Test(dataProvider = "engines")
    public void itTrainsInsideAnIndexLossOfDjl(String engine)
            throws IOException, TranslateException {
        // One of three embeddings. An IndexLoss keeps accounts itself, and averages the batches.
        Task task = Task.of(TripletMarginLoss.class);
        Samples samples = samples(Task.of(MSELoss.class), SAMPLES, 3);
        AbstractLoss inner = Losses.mseLoss();
        Loss loss = new IndexLoss(inner, 1, 0);
        AbstractLoss counted = MSELoss.builder().optName("exact").build();
        Recorder recorder = new Recorder(loss);
        try (Model model = Place.model(engine)) {
            model.setBlock(task.network().get());
            IndexEvaluator exact = new IndexEvaluator(counted, 1, 0);
            try (Trainer trainer = trainer(model, loss, recorder, exact)) {
                // The other two heads get no gradient, which is no fault.
                EasyTrain.fit(trainer, EPOCHS, samples, null);
                TrainingResult result = trainer.getTrainingResult();
                List<GoldenRow> batches =
                        recorder.epochs.get(EPOCHS - 1).stream()
                                .map(row -> row.with(row.labels(), row.predictions().subList(1, 2)))
                                .toList();
                agrees(
                        result.getTrainEvaluation("exact"),
                        whole(engine, Losses.mseLoss(), batches));
                double average =
                        batches.stream()
                                .mapToDouble(b -> whole(engine, Losses.mseLoss(), List.of(b)))
                                .average()
                                .orElseThrow();
                agrees(result.getTrainLoss(), average);
            }
        }
        assertTrue(recorder.reported.get(EPOCHS - 1) < recorder.reported.get(0));
    }

    // ------------------------------------------------------------------ two trainers

    @Test(dataProvider = "engines")
    public void twoTrainersShareALoss(String engine) {
        Task task = Task.of(CrossEntropyLoss.class, "weight, ignored, smoothed");
        Loss shared = task.loss().apply(task.network().get());
        double[] alone = parameters(engine, task, shared, 1)[0];
        double[][] together = parameters(engine, task, shared, 2);
        assertEquals(together[0], alone);
        assertEquals(together[1], alone);
    }

    /** Trains models in turn, batch by batch, and returns the parameters of each. */
    private static double[][] parameters(String engine, Task task, Loss loss, int models) {
        List<Model> all = new ArrayList<>();
        List<Trainer> trainers = new ArrayList<>();
        List<Recorder> recorders = new ArrayList<>();
        try {
            for (int i = 0; i < models; i++) {
                Model model = Place.model(engine);
                all.add(model);
                model.setBlock(task.network().get());
                recorders.add(new Recorder(loss));
                trainers.add(trainer(model, loss, recorders.get(i)));
            }
            for (int epoch = 0; epoch < 2; epoch++) {
                List<Iterator<ai.djl.training.dataset.Batch>> data = new ArrayList<>();
                for (Trainer trainer : trainers) {
                    data.add(samples(task, SAMPLES, 3).getData(trainer.getManager()).iterator());
                }
                while (data.get(0).hasNext()) {
                    for (int i = 0; i < models; i++) {
                        try (ai.djl.training.dataset.Batch batch = data.get(i).next()) {
                            EasyTrain.trainBatch(trainers.get(i), batch);
                            trainers.get(i).step();
                        }
                    }
                }
                // As with every evaluator of DJL the figures belong to the object, not the trainer.
                Trainer last = trainers.get(models - 1);
                last.notifyListeners(listener -> listener.onEpoch(last));
                List<GoldenRow> seen = new ArrayList<>(recorders.get(models - 1).epochs.get(epoch));
                agrees(recorders.get(models - 1).reported.get(epoch), whole(engine, loss, seen));
            }
            double[][] parameters = new double[models][];
            for (int i = 0; i < models; i++) {
                parameters[i] =
                        all.get(i).getBlock().getParameters().values().stream()
                                .flatMapToDouble(p -> Arrays.stream(Nd.toDoubles(p.getArray())))
                                .toArray();
            }
            return parameters;
        } finally {
            trainers.forEach(Trainer::close);
            all.forEach(Model::close);
        }
    }
}
