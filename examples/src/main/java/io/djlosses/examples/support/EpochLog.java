/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.support;

import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListenerAdapter;
import ai.djl.training.util.ProgressBar;

import org.knowm.xchart.XYChart;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * Shows DJL's progress bar while a trainer works, and keeps the figures of every epoch. It needs an
 * {@link ai.djl.training.listener.EvaluatorTrainingListener} before it and an evaluator named
 * Accuracy.
 */
public final class EpochLog extends TrainingListenerAdapter {

    private final int epochs;
    private final ProgressBar bar;
    private final List<Epoch> log = new ArrayList<>();

    /**
     * Makes the log.
     *
     * @param epochs how many epochs there will be
     */
    public EpochLog(int epochs) {
        this.epochs = epochs;
        bar = new ProgressBar("Training", epochs);
    }

    /** {@inheritDoc} */
    @Override
    public void onEpoch(Trainer trainer) {
        Map<String, Float> figures = trainer.getTrainingResult().getEvaluations();
        Epoch epoch =
                new Epoch(
                        figures.getOrDefault("train_loss", Float.NaN),
                        figures.getOrDefault("validate_loss", Float.NaN),
                        figures.getOrDefault("train_Accuracy", Float.NaN),
                        figures.getOrDefault("validate_Accuracy", Float.NaN));
        log.add(epoch);
        bar.update(
                log.size() - 1, String.format(Locale.ROOT, "epoch %d of %d", log.size(), epochs));
    }

    /**
     * Returns the last epoch.
     *
     * @return its figures
     */
    public Epoch last() {
        return log.get(log.size() - 1);
    }

    /**
     * Returns the figures of every epoch.
     *
     * @return a table with a row an epoch
     */
    public TextTable table() {
        TextTable table =
                new TextTable(
                        "epoch", "loss", "validation loss", "accuracy", "validation accuracy");
        for (int i = 0; i < log.size(); i++) {
            Epoch epoch = log.get(i);
            table.add(
                    String.format(Locale.ROOT, "%5d", i + 1),
                    String.format(Locale.ROOT, "%.4f", epoch.loss),
                    String.format(Locale.ROOT, "%.4f", epoch.validationLoss),
                    String.format(Locale.ROOT, "%.2f %%", 100 * epoch.accuracy),
                    String.format(Locale.ROOT, "%.2f %%", 100 * epoch.validationAccuracy));
        }
        return table;
    }

    /**
     * Draws the loss of every epoch.
     *
     * @param title the title
     * @return the chart
     */
    public XYChart chart(String title) {
        XYChart chart = Plots.chart(title, "epoch", "loss");
        addLine(chart, "training", Epoch::loss);
        addLine(chart, "validation", Epoch::validationLoss);
        return chart;
    }

    private void addLine(XYChart chart, String name, ToDoubleFunction<Epoch> figure) {
        double[] x = new double[log.size()];
        double[] y = new double[log.size()];
        for (int i = 0; i < x.length; i++) {
            x[i] = i + 1;
            y[i] = figure.applyAsDouble(log.get(i));
        }
        Plots.line(chart, name, x, y);
    }

    /**
     * The figures of an epoch.
     *
     * @param loss the mean training loss
     * @param validationLoss the mean validation loss
     * @param accuracy the share of training samples that were right
     * @param validationAccuracy the share of validation samples that were right
     */
    public record Epoch(
            float loss, float validationLoss, float accuracy, float validationAccuracy) {}
}
