/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;

import io.djlosses.api.Reduction;
import io.djlosses.examples.support.ExampleCommand;
import io.djlosses.examples.support.OutOption;
import io.djlosses.examples.support.Plots;
import io.djlosses.nd.Nd;
import io.djlosses.regression.L1Loss;
import io.djlosses.regression.SmoothL1Loss;

import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.Styler.LegendPosition;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

import java.nio.file.Path;

/** The plot of the smooth L1 loss against the L1 loss. */
@Command(name = "smooth-l1", description = "Plots smooth L1 against L1 on [-10, 10].")
final class SmoothL1 extends ExampleCommand {

    private static final int POINTS = 401;

    @Mixin private OutOption out;

    @Override
    public void run() {
        double[] x = Plots.range(-10, 10, POINTS);
        XYChart chart = Plots.chart("Smooth L1 and L1", "prediction - label", "loss");
        Plots.line(
                chart,
                "SmoothL1Loss",
                x,
                values(SmoothL1Loss.builder().optReduction(Reduction.NONE).build(), x));
        Plots.line(
                chart,
                "L1Loss",
                x,
                values(L1Loss.builder().optReduction(Reduction.NONE).build(), x));
        chart.getStyler().setLegendPosition(LegendPosition.InsideN);
        Path picture = out.file("smooth-l1.png");
        Plots.save(picture, chart);
        print("%s", picture);
    }

    private double[] values(Loss loss, double[] x) {
        try (NDManager manager = engine().newBaseManager()) {
            NDArray predictions = Nd.create(manager, x, new Shape(x.length), DataType.FLOAT32);
            NDArray labels = predictions.zerosLike();
            return Nd.toDoubles(loss.evaluate(new NDList(labels), new NDList(predictions)));
        }
    }
}
